/** A destination in a directory of its own, a fake hub, and daemons that run there one at a time. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, HOUR } from '../../src/base/clock.ts'
import { type FileSystem, systemFileSystem } from '../../src/base/file-system.ts'
import { systemRandom } from '../../src/base/random.ts'
import { runDaemon } from '../../src/identity/daemon.ts'
import type { Failure, Published, Warning } from '../../src/identity/observer.ts'
import type { IdentityParameters } from '../../src/identity/parameters.ts'
import type { IdentityPorts } from '../../src/identity/ports.ts'
import type { Readiness } from '../../src/identity/readiness.ts'
import { RenewalTrigger } from '../../src/identity/renewal-trigger.ts'
import { type StateDirectory, stateDirectory } from '../../src/identity/state.ts'
import { parseCertificateLine } from '../../src/ssh/certificate.ts'
import { parsePrivateKey } from '../../src/ssh/private-key.ts'
import { isSameKey } from '../../src/ssh/public-key.ts'
import { FakeClock } from './clock.ts'
import { FakeIdentityHub } from './identity-hub.ts'

/** What a daemon told of itself while it ran. */
export interface DaemonRecord {
  readonly published: Published[]
  readonly failures: Failure[]
  readonly readiness: Readiness[]
  readonly warnings: Warning[]
  /** What ended it, other than its stop. */
  readonly error: unknown
}

export interface RunOptions {
  readonly fs?: FileSystem
  readonly clock?: Clock
  readonly parameters?: Partial<IdentityParameters>
  readonly trigger?: RenewalTrigger
  readonly rereadJoinToken?: () => Promise<string | undefined>
  /** Whether the daemon shall stop; asked after everything that it tells. */
  readonly until: (record: DaemonRecord) => boolean
}

export class IdentityScene implements AsyncDisposable {
  readonly directory: string
  readonly destination: string
  readonly clock = new FakeClock()
  readonly hub: FakeIdentityHub
  readonly parameters: IdentityParameters

  constructor(directory: string, hubClock?: Clock) {
    this.hub = new FakeIdentityHub(hubClock ?? this.clock)
    this.directory = directory
    this.destination = join(directory, 'certs')
    this.parameters = {
      authServer: { host: 'hub.example', port: 3025 },
      joinToken: this.hub.newToken(),
      destination: this.destination,
      stateDirectory: undefined,
      renewalIntervalMs: undefined,
      certificateTtlMs: undefined,
      keyLifetimeMs: 24 * HOUR,
      oneShot: false,
      readerUser: undefined,
      readerGroup: undefined,
      trust: undefined,
    }
  }

  /** @param hubClock the scene's own when left out */
  static async open(hubClock?: Clock): Promise<IdentityScene> {
    return new IdentityScene(await mkdtemp(join(tmpdir(), 'mezite-identity-')), hubClock)
  }

  get state(): StateDirectory {
    return stateDirectory(systemFileSystem, join(this.destination, '.state'))
  }

  ports(fs: FileSystem = systemFileSystem, clock: Clock = this.clock): IdentityPorts {
    const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, pid: process.pid }
    return { hub: this.hub, fs, clock, random: systemRandom, self }
  }

  async run(options: RunOptions): Promise<DaemonRecord> {
    const stop = new AbortController()
    const record = { published: [], failures: [], readiness: [], warnings: [], error: undefined }
    const told: DaemonRecord = record
    const tell =
      <Told>(list: Told[]) =>
      (event: Told) => {
        list.push(event)
        if (options.until(told)) stop.abort()
      }
    const error: unknown = await runDaemon({
      ports: this.ports(options.fs, options.clock),
      parameters: { ...this.parameters, ...options.parameters },
      signal: stop.signal,
      trigger: options.trigger ?? new RenewalTrigger(),
      rereadJoinToken: options.rereadJoinToken,
      observer: {
        onBegin: () => {},
        onEnd: () => {},
        onPublished: tell(told.published),
        onFailure: tell(told.failures),
        onReadiness: tell(told.readiness),
        onCondition() {},
        onWarning: tell(told.warnings),
      },
    }).catch((reason: unknown) => reason)
    return { ...record, error }
  }

  output(name: string): Promise<string> {
    return readFile(join(this.destination, name), 'utf8')
  }

  /** The certificate that is published, if it is the published key's. */
  async publishedCertificate() {
    const { certificate } = parseCertificateLine(await this.output('ssh_key-cert.pub'))
    const { publicKey } = parsePrivateKey(await this.output('ssh_key'))
    return isSameKey(publicKey, certificate.publicKey) ? certificate : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}
