import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCertificateLine, type SshCertificate } from '../../../src/ssh/certificate.ts'
import { type Child, type Exit, startChild } from './child.ts'
import { PROGRAMS } from './run.ts'
import { waitFor } from './wait.ts'

export interface DaemonOptions {
  /** As on a command line: `--auth-server=…`. */
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly destination: string
}

/** A running `mezd identity start`, watched by what it publishes. */
export class Daemon implements AsyncDisposable {
  readonly destination: string
  readonly #options: DaemonOptions
  #child: Child

  constructor(options: DaemonOptions) {
    this.destination = options.destination
    this.#options = options
    this.#child = startProgram(options)
  }

  get log(): string {
    return this.#child.stderr
  }

  /** Undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#child.exit
  }

  get certificateFile(): string {
    return join(this.destination, 'ssh_key-cert.pub')
  }

  get keyFile(): string {
    return join(this.destination, 'ssh_key')
  }

  /** The certificate that is published now; undefined before the first. */
  get certificate(): SshCertificate | undefined {
    try {
      return parseCertificateLine(readFileSync(this.certificateFile, 'utf8')).certificate
    } catch {
      return undefined
    }
  }

  /** Waits for a certificate other than `before`. */
  async waitForCertificate(before?: SshCertificate): Promise<SshCertificate> {
    return await waitFor(
      () => {
        const { certificate } = this
        if (certificate !== undefined && certificate.serial !== before?.serial) return certificate
        if (this.exit === undefined) return undefined
        throw new Error(`mezd ended (${JSON.stringify(this.exit)})\n${this.log}`)
      },
      { what: 'the next certificate', context: () => this.log },
    )
  }

  /** Waits for a line of its log after `offset`. */
  async waitForLog(pattern: RegExp, offset = 0): Promise<RegExpExecArray> {
    return await this.#child.waitForStderr(pattern, offset)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    return await this.#child.stop(signal)
  }

  /** Starts it again, with other flags if given. */
  start(flags = this.#options.flags): void {
    this.#child = startProgram({ ...this.#options, flags })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}

function startProgram({ flags, env, destination }: DaemonOptions): Child {
  return startChild(
    [...[`${PROGRAMS}/mezd`, 'identity', 'start'], `--destination=${destination}`, ...flags],
    { env },
  )
}
