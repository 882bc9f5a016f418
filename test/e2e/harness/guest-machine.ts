import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.ts'
import { type Child, startChild } from './child.ts'
import { programPath } from './requirements.ts'
import { type RunResult, run } from './run.ts'
import { freePort } from './sshd.ts'
import { waitFor } from './wait.ts'

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** Whose system a guest machine has. Paths are as they are seen from outside. */
export interface GuestSystem {
  /** Its /etc/ssh and /etc/pam.d. */
  readonly ssh: string
  readonly pam: string
  /** Lines of a shell that mounts what it needs, in a namespace of its own. */
  readonly mounts: string
  /** What its processes have as `/`. */
  readonly root: string
}

export interface GuestOptions {
  /** Where its files are. */
  readonly directory: string
  readonly administrator: Account
  readonly system: GuestSystem
}

/**
 * A machine within this one: it has its own /etc/ssh and /etc/pam.d, or a whole system, and an sshd
 * with an administrator who has a plain key; everything else is in common.
 */
export class GuestMachine implements AsyncDisposable {
  readonly address = '127.0.0.1'
  readonly port: number
  /** Its /etc/ssh and /etc/pam.d, seen from outside. */
  readonly ssh: string
  readonly pam: string
  /** Words before those of a command that is to run there. */
  readonly enter: readonly string[]
  readonly #administrator: Account
  readonly #directory: string
  readonly #holder: Child
  readonly #sshd: Child

  constructor({ directory, administrator, system }: GuestOptions, port: number, holder: Child) {
    this.port = port
    this.ssh = system.ssh
    this.pam = system.pam
    const there = `/proc/${holder.pid}`
    const places = [`--mount=${there}/ns/mnt`, `--root=${there}/root`, `--wd=${there}/root`]
    this.enter = [programPath('nsenter'), ...places, '--']
    this.#directory = directory
    this.#administrator = administrator
    this.#holder = holder
    // Its title, by which it is found, has the room of its first words and environment only.
    this.#sshd = startChild([...this.enter, '/usr/sbin/sshd', '-D', '-e'], { env: ENVIRONMENT })
  }

  get log(): string {
    return this.#sshd.stderr
  }

  async waitUntilListening(): Promise<void> {
    await this.#sshd.waitForStderr(/Server listening on/)
  }

  /** Logs in with the administrator's own key, and knows the machine by its plain host key. */
  async administratorEnters(): Promise<RunResult> {
    const key = readFileSync(join(this.ssh, 'ssh_host_ed25519_key.pub'), 'utf8')
    const knownHosts = join(this.#directory, 'known_hosts')
    writeFileSync(knownHosts, `[${this.address}]:${this.port} ${key}`)
    return await run([
      ...['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'],
      ...['-i', join(this.#directory, 'administrator'), '-o', `UserKnownHostsFile=${knownHosts}`],
      ...['-o', 'HostKeyAlgorithms=ssh-ed25519', '-p', String(this.port)],
      ...[`${this.#administrator.name}@${this.address}`, 'echo administrator'],
    ])
  }

  /** Every file of its /etc/ssh and /etc/pam.d, with mode, owner and content. */
  snapshot(): Readonly<Record<string, string>> {
    return Object.fromEntries([this.ssh, this.pam].flatMap(describeFiles))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sshd[Symbol.asyncDispose]()
    await this.#holder[Symbol.asyncDispose]()
  }
}

export async function startGuestMachine(options: GuestOptions): Promise<GuestMachine> {
  const { directory, administrator, system } = options
  const port = await freePort('0.0.0.0')
  letIn(administrator, directory)
  writeFileSync(
    join(system.ssh, 'sshd_config.d', '05-test.conf'),
    `Port ${port}\nListenAddress 127.0.0.1\nPasswordAuthentication no\nMaxStartups 200\n`,
  )
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const script = `${system.mounts}\nexec chroot "$1" /bin/sh -c 'touch "$0/ready"; exec sleep infinity' "$0"`
  const holder = startChild(
    [
      ...[programPath('unshare'), '--mount', '--propagation', 'private', '/bin/sh', '-ec'],
      ...[script, directory, system.root],
    ],
    { env: ENVIRONMENT },
  )
  await waitFor(() => existsSync(join(directory, 'ready')), {
    what: 'a mount namespace (this takes CAP_SYS_ADMIN)',
    context: () => holder.stderr,
  })
  const machine = new GuestMachine(options, port, holder)
  await machine.waitUntilListening()
  return machine
}

/** This machine's own system, but for two directories. */
export function sameSystem(directory: string): GuestSystem {
  const ssh = join(directory, 'ssh')
  const pam = join(directory, 'pam.d')
  mkdirSync(join(ssh, 'sshd_config.d'), { recursive: true })
  cpSync('/etc/pam.d', pam, { recursive: true })
  makeKey(join(ssh, 'ssh_host_ed25519_key'))
  makeKey(join(ssh, 'ssh_host_ecdsa_key'), 'ecdsa')
  const lines = [
    '# The distribution puts this line at the top.',
    'Include /etc/ssh/sshd_config.d/*.conf',
    'UsePAM yes',
    'PidFile none',
    'KbdInteractiveAuthentication no',
    'Subsystem sftp internal-sftp',
  ]
  writeFileSync(join(ssh, 'sshd_config'), `${lines.join('\n')}\n`, { mode: 0o600 })
  const mounts = 'mount --bind "$0/ssh" /etc/ssh; mount --bind "$0/pam.d" /etc/pam.d'
  return { ssh, pam, mounts, root: '/' }
}

/** Makes him a key, and has his account take it. */
function letIn(administrator: Account, directory: string): void {
  makeKey(join(directory, 'administrator'))
  const own = join(administrator.home, '.ssh')
  mkdirSync(own, { mode: 0o700 })
  cpSync(join(directory, 'administrator.pub'), join(own, 'authorized_keys'))
  chmodSync(join(own, 'authorized_keys'), 0o600)
  for (const path of [own, join(own, 'authorized_keys')]) {
    chownSync(path, administrator.uid, administrator.gid)
  }
}

function makeKey(path: string, type = 'ed25519'): void {
  const parameters = ['-q', '-t', type, '-N', '', '-C', '', '-f', path]
  const { status, stderr } = spawnSync(programPath('ssh-keygen'), parameters, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`)
}

function describeFiles(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .sort()
    .map((path) => {
      const stats = lstatSync(path)
      const kind = `${stats.mode.toString(8)} ${stats.uid}:${stats.gid}`
      return [path, stats.isFile() ? `${kind} ${readFileSync(path, 'base64')}` : kind] as const
    })
}
