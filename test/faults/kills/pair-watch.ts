/** What others find in a destination, at any moment. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../../../src/base/clock.ts'
import { systemErrorCode } from '../../../src/base/errors.ts'
import { parseCertificateLine } from '../../../src/ssh/certificate.ts'
import { parsePrivateKey } from '../../../src/ssh/private-key.ts'
import { run, testEnvironment } from '../../e2e/harness/run.ts'

/** By the names of the outputs, or by the paths in ssh_config, which serve where keys change too. */
export type HowToRead = 'names' | 'config'

const PAUSE_MS = 4

/** Reads a destination again and again, a key and then a certificate, as ssh does. */
export class PairWatch implements AsyncDisposable {
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  readonly #destination: string
  readonly #how: HowToRead
  readonly #known = new Map<string, Buffer>()
  #pairs = 0
  #failure: string | undefined

  constructor(destination: string, how: HowToRead) {
    this.#destination = destination
    this.#how = how
    this.#ended = this.#watch()
  }

  /** @throws Error where a reader has found anything but a pair */
  check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure)
  }

  get pairs(): number {
    return this.#pairs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#ended
  }

  async #watch(): Promise<void> {
    while (!this.#abort.signal.aborted && this.#failure === undefined) {
      await this.#read()
      await systemClock.sleep(PAUSE_MS)
    }
  }

  async #read(): Promise<void> {
    try {
      const [keyPath, certificatePath] = this.#paths()
      const key = this.#parse(keyPath, (text) => parsePrivateKey(text).publicKey.blob)
      await setImmediate()
      const certified = this.#parse(
        certificatePath,
        (text) => parseCertificateLine(text).certificate.publicKey.blob,
      )
      if (!key.equals(certified)) this.#failure = `${keyPath} and ${certificatePath} don't match`
      this.#pairs += 1
    } catch (error) {
      // Until the first publication there is nothing.
      if (this.#pairs === 0 && systemErrorCode(error) === 'ENOENT') return
      this.#failure = `a reader of ${this.#destination} failed: ${String(error)}`
    }
  }

  #paths(): readonly [string, string] {
    const at = (name: string) => join(this.#destination, name)
    if (this.#how === 'names') return [at('ssh_key'), at('ssh_key-cert.pub')]
    const config = readFileSync(at('ssh_config'), 'utf8')
    const field = (keyword: string) =>
      new RegExp(`^ *${keyword} "?(.*?)"?$`, 'm').exec(config)?.[1] ?? ''
    return [field('IdentityFile'), field('CertificateFile')]
  }

  /** Each content is parsed once. */
  #parse(path: string, parse: (text: string) => Buffer): Buffer {
    const text = readFileSync(path, 'utf8')
    const value = this.#known.get(text) ?? parse(text)
    this.#known.set(text, value)
    return value
  }
}

/** ssh-keygen's word: the published certificate is for the published key, and valid now. */
export async function checkPublished(destination: string): Promise<void> {
  const script = `
    ssh-keygen -y -f "$1/ssh_key" | ssh-keygen -l -f - || exit 1
    ssh-keygen -L -f "$1/ssh_key-cert.pub"`
  const { code, stdout, stderr } = await run(['/bin/sh', '-c', script, 'sh', destination], {
    env: testEnvironment('/dev/null'),
  })
  const [key, certified] = stdout.match(/SHA256:\S+/g) ?? []
  if (code !== 0 || key === undefined || key !== certified) {
    throw new Error(`no pair in ${destination}:\n${stdout}${stderr}`)
  }
  const [, from = '', to = ''] = /Valid: from (\S+) to (\S+)/.exec(stdout) ?? []
  const now = systemClock.now()
  if (!(Date.parse(`${from}Z`) <= now && now < Date.parse(`${to}Z`))) {
    throw new Error(`the certificate in ${destination} is not valid:\n${stdout}`)
  }
}
