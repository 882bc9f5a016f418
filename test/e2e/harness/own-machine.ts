/** A machine with an sshd that its administrator has set up, in a directory of its own. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { encodePrivateKey, generatePrivateKey } from '../../../src/ssh/private-key.ts'
import { encodePublicKeyLine, publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { type Child, startChild } from './child.ts'
import { TemporaryDirectory } from './directory.ts'
import { programPath } from './requirements.ts'
import { type RunResult, run } from './run.ts'
import { freePort } from './sshd.ts'
import { waitFor } from './wait.ts'

export const PAM_SERVICE =
  '# The administrator has edited this\n@include common-account\nsession required pam_permit.so'

export class Machine implements AsyncDisposable {
  readonly directory = new TemporaryDirectory()
  readonly port: number
  #sshd: Child | undefined

  constructor(port: number) {
    this.port = port
  }

  static async open(extraConfig: readonly string[] = []): Promise<Machine> {
    const machine = new Machine(await freePort('127.0.0.1'))
    machine.#writeFiles(extraConfig)
    return machine
  }

  get sshdDirectory(): string {
    return this.directory.join('ssh')
  }

  get pamDirectory(): string {
    return this.directory.join('pam.d')
  }

  get configPath(): string {
    return this.directory.join('ssh', 'sshd_config')
  }

  async startSshd(): Promise<void> {
    mkdirSync('/run/sshd', { recursive: true })
    this.#sshd = startChild([programPath('sshd'), '-D', '-e', '-f', this.configPath], {
      // sshd writes its title over its environment, and is found by it.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    })
    await this.#sshd.waitForStderr(/Server listening/)
  }

  get log(): string {
    return this.#sshd?.stderr ?? 'none'
  }

  /** The process of sshd. */
  get sshd(): number {
    if (this.#sshd === undefined) throw new Error('sshd was not started')
    return this.#sshd.pid
  }

  /** How often sshd has read its configuration again. */
  get reloads(): number {
    return (this.#sshd?.stderr.match(/Received SIGHUP; restarting/g) ?? []).length
  }

  async waitForReload(count: number): Promise<void> {
    await waitFor(() => this.reloads >= count, { what: `reload ${count}` })
    await waitFor(() => this.#isListening(count + 1), { what: 'sshd to listen again' })
  }

  #isListening(times: number): boolean {
    return (this.#sshd?.stderr.match(/Server listening/g) ?? []).length >= times
  }

  /** Lets the administrator in as a login, with a plain key. */
  async adminLogin(login: string): Promise<RunResult> {
    return await run([
      ...['ssh', '-F', 'none', '-i', this.directory.join('admin'), '-o', 'BatchMode=yes'],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
      ...['-o', 'LogLevel=ERROR', '-p', String(this.port), `${login}@127.0.0.1`, 'echo admin'],
    ])
  }

  /** Every file below its directories: path, mode, content. */
  contents(): readonly string[] {
    return ['ssh', 'pam.d'].flatMap((name) => {
      const top = this.directory.join(name)
      return readdirSync(top, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((path) => {
          const stats = statSync(`${top}/${path}`)
          const text = stats.isFile() ? readFileSync(`${top}/${path}`, 'latin1') : ''
          return `${name}/${path} ${stats.mode.toString(8)} ${text}`
        })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sshd?.[Symbol.asyncDispose]()
    this.directory[Symbol.dispose]()
  }

  #writeFiles(extraConfig: readonly string[]): void {
    const { sshdDirectory, pamDirectory } = this
    mkdirSync(`${sshdDirectory}/sshd_config.d`, { recursive: true })
    mkdirSync(pamDirectory)
    writeFileSync(`${pamDirectory}/sshd`, PAM_SERVICE)
    const key = generatePrivateKey('ssh-ed25519')
    writeFileSync(`${sshdDirectory}/ssh_host_ed25519_key`, encodePrivateKey(key))
    chmodSync(`${sshdDirectory}/ssh_host_ed25519_key`, 0o600)
    const admin = generatePrivateKey('ssh-ed25519')
    writeFileSync(this.directory.join('admin'), encodePrivateKey(admin))
    chmodSync(this.directory.join('admin'), 0o600)
    const line = encodePublicKeyLine(publicKeyFrom(admin))
    writeFileSync(`${sshdDirectory}/admin_keys`, `${line}\n`)
    const config = [
      `Include ${sshdDirectory}/sshd_config.d/*.conf`,
      ...extraConfig,
      ...['ListenAddress 127.0.0.1', `Port ${this.port}`, 'PidFile none', 'StrictModes no'],
      `HostKey ${sshdDirectory}/ssh_host_ed25519_key`,
      `AuthorizedKeysFile ${sshdDirectory}/admin_keys`,
      ...['PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'UsePAM no'],
    ]
    writeFileSync(this.configPath, `${config.join('\n')}\n`)
  }
}
