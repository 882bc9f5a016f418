import { appendFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.ts'
import type { GuestSystem } from './guest-machine.ts'
import { programPath } from './requirements.ts'
import { CHECKOUT, runOk } from './run.ts'

export interface DebianOptions {
  /** `trixie`. */
  readonly suite: string
  /** Empty, or not there: where it goes. */
  readonly directory: string
  /** Of this machine, that are to be there too. */
  readonly accounts: readonly Account[]
  /** Directories of this machine that are seen there, at the same path. */
  readonly shared: readonly string[]
}

/** Besides what Debian can't do without; the last is what Node needs. */
const PACKAGES = ['openssh-server', 'libstdc++6']

/**
 * A release of Debian with OpenSSH as its packages set it up, from Debian's own archive: there is no
 * other way to see what another version of sshd really does.
 *
 * @throws Error where the archive can't be reached
 */
export async function makeDebianSystem(options: DebianOptions): Promise<GuestSystem> {
  const { suite, directory, accounts, shared } = options
  const root = join(directory, 'root')
  mkdirSync(directory, { recursive: true })
  await runOk(
    [
      ...[programPath('mmdebstrap'), '--quiet', '--variant=essential', '--mode=root'],
      ...[`--include=${PACKAGES.join()}`, '--dpkgopt=force-unsafe-io'],
      ...['--aptopt=Acquire::Retries "3"', suite, root, await debianArchive()],
    ],
    { timeoutMs: 180_000 },
  )
  for (const account of accounts) addAccount(root, account)
  // All of a test's clients have one address, and some of them are refused.
  writeFileSync(
    join(root, 'etc/ssh/sshd_config.d/06-penalties.conf'),
    'PerSourcePenaltyExemptList 127.0.0.0/8\n',
  )
  return {
    ssh: join(root, 'etc/ssh'),
    pam: join(root, 'etc/pam.d'),
    mounts: mountsOf(root, [...shared, ...placesOfCheckout()]),
    root,
  }
}

/** From which this machine has its own packages: the archive that can be reached. */
export async function debianArchive(): Promise<string> {
  const { stdout } = await runOk(['apt-get', 'indextargets', '--format', '$(SITE)'])
  const sites = stdout.split('\n')
  const archive = sites.find((site) => /\/debian\/?$/.test(site))
  if (archive === undefined) throw new Error(`no archive of Debian in apt's sources: ${stdout}`)
  return archive
}

/** The checkout, and wherever its modules are: they may be another checkout's. */
function placesOfCheckout(): readonly string[] {
  return [...new Set([CHECKOUT, realpathSync(join(CHECKOUT, 'node_modules'))])]
}

function mountsOf(root: string, shared: readonly string[]): string {
  for (const path of shared) mkdirSync(join(root, path), { recursive: true })
  const lines = shared.map((path) => `mount --bind '${path}' '${root}${path}'`)
  return [
    'mount -t tmpfs -o mode=755 tmpfs "$0/root/run"; mkdir -m 755 "$0/root/run/sshd"',
    ...['proc', 'sys', 'dev'].map((name) => `mount --rbind /${name} "$0/root/${name}"`),
    ...lines,
  ].join('\n')
}

/** With the same numbers: its processes are known by them, and no other account here has them. */
function addAccount(root: string, { name, uid, gid, home }: Account): void {
  appendFileSync(join(root, 'etc/passwd'), `${name}:x:${uid}:${gid}::${home}:/bin/sh\n`)
  appendFileSync(join(root, 'etc/group'), `${name}:x:${gid}:\n`)
  appendFileSync(join(root, 'etc/shadow'), `${name}:*:20000:0:99999:7:::\n`)
}
