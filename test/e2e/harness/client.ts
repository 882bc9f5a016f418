/** A bot at its client: a key, a certificate, and OpenSSH's programs that use them. */
import { chmodSync, writeFileSync } from 'node:fs'
import { encodePrivateKey, generatePrivateKey } from '../../../src/ssh/private-key.ts'
import {
  encodePublicKeyLine,
  publicKeyFrom,
  type SshPublicKey,
} from '../../../src/ssh/public-key.ts'
import { type Child, startChild } from './child.ts'
import type { TemporaryDirectory } from './directory.ts'
import { programPath } from './requirements.ts'
import { type RunResult, run } from './run.ts'

export interface ClientOptions {
  readonly directory: TemporaryDirectory
  /** Of its files. */
  readonly name: string
  readonly port: number
  readonly hostCa: SshPublicKey
  readonly certify: (publicKey: SshPublicKey) => string
}

export class Client {
  readonly #options: ClientOptions
  readonly #key: string
  readonly #knownHosts: string

  constructor(options: ClientOptions) {
    const { directory, name, hostCa, certify } = options
    this.#options = options
    const key = generatePrivateKey('ssh-ed25519')
    this.#key = directory.join(name)
    this.#knownHosts = directory.join(`${name}-known-hosts`)
    writeFileSync(this.#key, encodePrivateKey(key))
    chmodSync(this.#key, 0o600)
    writeFileSync(`${this.#key}-cert.pub`, certify(publicKeyFrom(key)))
    const ca = encodePublicKeyLine(hostCa)
    writeFileSync(this.#knownHosts, `@cert-authority [127.0.0.1]:${options.port} ${ca}\n`)
  }

  /** Words that ssh, scp and sftp have in common. */
  get options(): readonly string[] {
    return [
      ...['-F', 'none', '-i', this.#key, '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'],
      ...['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${this.#knownHosts}`],
      ...['-o', 'HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com'],
      ...['-o', `Port=${this.#options.port}`, '-o', 'LogLevel=ERROR'],
    ]
  }

  async ssh(login: string, command: string, ...more: readonly string[]): Promise<RunResult> {
    return await run(['/usr/bin/ssh', ...this.options, ...more, `${login}@127.0.0.1`, command])
  }

  /** An ssh that stays. */
  start(login: string, ...more: readonly string[]): Child {
    const words = [programPath('ssh'), ...this.options, ...more]
    const at = words.indexOf('--')
    const destination = `${login}@127.0.0.1`
    const command = at < 0 ? [...words, destination] : words.toSpliced(at, 1, destination)
    return startChild(command, { env: { PATH: '/usr/bin:/bin' } })
  }
}
