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

/**
 * A machine within this one: it has its own /etc/ssh and /etc/pam.d, an sshd with an administrator
 * who has a plain key, and everything else in common.
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

  constructor(options: {
    readonly port: number
    readonly directory: string
    readonly administrator: Account
    readonly holder: Child
    readonly enter: readonly string[]
  }) {
    const { port, directory, administrator, holder, enter } = options
    this.port = port
    this.ssh = join(directory, 'ssh')
    this.pam = join(directory, 'pam.d')
    this.enter = enter
    this.#directory = directory
    this.#administrator = administrator
    this.#holder = holder
    // Its title, by which it is found, has the room of its first words and environment only.
    this.#sshd = startChild([...enter, programPath('sshd'), '-D', '-e'], { env: ENVIRONMENT })
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

export async function startGuestMachine(
  directory: string,
  administrator: Account,
): Promise<GuestMachine> {
  const port = await freePort('0.0.0.0')
  makeFiles(directory, administrator, port)
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const holder = startChild(
    [
      ...[programPath('unshare'), '--mount', '--propagation', 'private', '/bin/sh', '-ec'],
      'mount --bind "$0/ssh" /etc/ssh; mount --bind "$0/pam.d" /etc/pam.d; touch "$0/ready"; exec sleep infinity',
      directory,
    ],
    { env: ENVIRONMENT },
  )
  await waitFor(() => existsSync(join(directory, 'ready')), {
    what: 'a mount namespace (this takes CAP_SYS_ADMIN)',
    context: () => holder.stderr,
  })
  const enter = [programPath('nsenter'), `--mount=/proc/${holder.pid}/ns/mnt`, '--']
  const machine = new GuestMachine({ port, directory, administrator, holder, enter })
  await machine.waitUntilListening()
  return machine
}

function makeFiles(directory: string, administrator: Account, port: number): void {
  const ssh = join(directory, 'ssh')
  mkdirSync(join(ssh, 'sshd_config.d'), { recursive: true })
  cpSync('/etc/pam.d', join(directory, 'pam.d'), { recursive: true })
  makeKey(join(ssh, 'ssh_host_ed25519_key'))
  makeKey(join(ssh, 'ssh_host_ecdsa_key'), 'ecdsa')
  makeKey(join(directory, 'administrator'))
  const lines = [
    '# The distribution puts this line at the top.',
    'Include /etc/ssh/sshd_config.d/*.conf',
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    'UsePAM yes',
    'PidFile none',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'Subsystem sftp internal-sftp',
    'MaxStartups 200',
  ]
  writeFileSync(join(ssh, 'sshd_config'), `${lines.join('\n')}\n`, { mode: 0o600 })
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
