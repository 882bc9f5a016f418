import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { type Child, startChild } from './child.ts'
import { TemporaryDirectory } from './directory.ts'
import { programPath } from './requirements.ts'
import { waitFor } from './wait.ts'

export interface SshdOptions {
  /** Lines of public keys, as in a `.pub` file: whose certificates enter. */
  readonly userCas?: readonly string[]
  /** An address of the loopback network, so that several servers are several hosts. */
  readonly address?: string
  /** Signs a certificate for the host's key; absent: the host has a plain key only. */
  readonly hostCertificate?: (publicKeyLine: string) => string | Promise<string>
  /** Where it keeps its files; absent: in one of its own. */
  readonly directory?: TemporaryDirectory
  /** Lines of sshd_config, before all others: sshd takes the first value of a keyword. */
  readonly config?: readonly string[]
}

const SFTP_SERVERS = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server']

/** OpenSSH's own server, on a port of the loopback network, with nothing of the machine's own. */
export class Sshd implements AsyncDisposable {
  readonly address: string
  readonly port: number
  /** The host's plain public key. */
  readonly publicKeyLine: string
  readonly #child: Child
  readonly #directory: TemporaryDirectory

  constructor(options: {
    readonly address: string
    readonly port: number
    readonly publicKeyLine: string
    readonly child: Child
    readonly directory: TemporaryDirectory
  }) {
    this.address = options.address
    this.port = options.port
    this.publicKeyLine = options.publicKeyLine
    this.#child = options.child
    this.#directory = options.directory
  }

  get pid(): number {
    return this.#child.pid
  }

  /** What it has logged so far. A log line proves an attempt; only the client knows the outcome. */
  get log(): string {
    return this.#child.stderr
  }

  async waitForLog(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.#child.waitForStderr(pattern)
  }

  /** A known_hosts file that names the host's plain key. */
  get knownHostsFile(): string {
    return this.#directory.join('known_hosts')
  }

  /** Where its configuration and key are. */
  get directory(): string {
    return this.#directory.path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
    this.#directory[Symbol.dispose]()
  }
}

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const { address = '127.0.0.1' } = options
  const directory = options.directory ?? new TemporaryDirectory()
  makePrivilegeSeparationDirectory()
  const publicKeyLine = makeHostKey(directory)
  await writeFiles(directory, options, publicKeyLine)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(address)
    const child = startListening(directory, address, port)
    const listening = await waitFor(
      () => /Server listening on/.exec(child.stderr) ?? (child.exit && 'ended'),
      { what: 'sshd to listen', context: () => child.stderr },
    )
    if (listening !== 'ended') {
      writeFileSync(directory.join('known_hosts'), `[${address}]:${port} ${publicKeyLine}\n`)
      return new Sshd({ address, port, publicKeyLine, child, directory })
    }
    await child[Symbol.asyncDispose]()
    // Another program may have taken the port in between.
    if (!child.stderr.includes('Address already in use') || attempt === 5) {
      throw new Error(`sshd did not start\n${child.stderr}`)
    }
  }
}

function startListening(directory: TemporaryDirectory, address: string, port: number): Child {
  const config = directory.join('sshd_config')
  return startChild(
    [
      ...[programPath('sshd'), '-D', '-e', '-f', config],
      ...['-o', `ListenAddress=${address}:${port}`],
    ],
    { env: {} },
  )
}

function makeHostKey(directory: TemporaryDirectory): string {
  const path = directory.join('host_key')
  check(programPath('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path])
  return readFileSync(`${path}.pub`, 'utf8').trim()
}

async function writeFiles(
  directory: TemporaryDirectory,
  options: SshdOptions,
  publicKeyLine: string,
): Promise<void> {
  const { userCas = [], hostCertificate, config = [] } = options
  const lines = [
    ...config,
    `HostKey ${directory.join('host_key')}`,
    `TrustedUserCAKeys ${directory.join('user_ca.pub')}`,
    `Subsystem sftp ${SFTP_SERVERS.find((path) => existsSync(path)) ?? 'internal-sftp'}`,
    'LogLevel VERBOSE',
    'PidFile none',
    'UsePAM no',
    'AuthorizedKeysFile none',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UseDNS no',
    'MaxStartups 200',
  ]
  writeFileSync(directory.join('user_ca.pub'), userCas.map((line) => `${line.trim()}\n`).join(''))
  if (hostCertificate !== undefined) {
    const certificate = await hostCertificate(publicKeyLine)
    writeFileSync(directory.join('host_key-cert.pub'), `${certificate.trim()}\n`)
    lines.push(`HostCertificate ${directory.join('host_key-cert.pub')}`)
  }
  writeFileSync(directory.join('sshd_config'), `${lines.join('\n')}\n`)
  if (knowsPenalties(directory)) {
    // From 9.8: refused logins, of which tests have many, would shut the address out.
    lines.push('PerSourcePenalties no')
    writeFileSync(directory.join('sshd_config'), `${lines.join('\n')}\n`)
  }
}

/** `sshd -T` prints every keyword that this version knows. */
function knowsPenalties(directory: TemporaryDirectory): boolean {
  const config = directory.join('sshd_config')
  return /^persourcepenalties /im.test(check(programPath('sshd'), ['-T', '-f', config]))
}

/** Packages of sshd make it at the start of their service only. Without root it isn't needed. */
function makePrivilegeSeparationDirectory(): void {
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
}

/** A port that is free at this moment. */
export async function freePort(address: string): Promise<number> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(0, address, resolve)
  await promise
  const bound = server.address()
  await new Promise((closed) => server.close(closed))
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return bound.port
}

function check(program: string, parameters: readonly string[]): string {
  const result = spawnSync(program, parameters, { encoding: 'utf8' })
  if (result.status === 0) return result.stdout
  throw new Error(`${program} ${parameters.join(' ')}: ${result.stderr}`)
}
