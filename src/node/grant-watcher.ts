import { MINUTE, SECOND } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { Waker } from '../base/waker.ts'
import { HubError, type HubWishes, patienceAskedBy } from '../client/identity-hub.ts'
import type { NodeTrust, NodeUpdate } from '../client/node-hub.ts'
import { during } from '../identity/activity.ts'
import { endsInstance } from '../identity/refusals.ts'
import type { RenewalTrigger } from '../identity/renewal-trigger.ts'
import { retryDelay } from '../identity/schedule.ts'
import { trustDigest } from '../trust/trust-digest.ts'
import type { AgentProgress } from './agent-progress.ts'
import type { CurrentIdentity } from './current-identity.ts'
import type { Grants } from './grants.ts'
import { credentialOf, type NodeIdentity } from './node-identity.ts'
import type { Connection, NodeObserver } from './node-observer.ts'
import { callOptions } from './node-renewer.ts'
import type { NodeParameters } from './parameters.ts'
import type { NodePorts } from './ports.ts'
import type { SessionTracker } from './session-tracker.ts'
import type { SshdFiles } from './sshd-files.ts'

export interface GrantWatcherOptions {
  readonly ports: Pick<NodePorts, 'hub' | 'clock' | 'random'>
  readonly parameters: Pick<NodeParameters, 'authServer' | 'trust' | 'strictMs'>
  readonly signal: AbortSignal
  readonly observer: NodeObserver
  readonly progress: AgentProgress
  readonly current: CurrentIdentity
  readonly grants: Grants
  readonly files: SshdFiles
  readonly tracker: Pick<SessionTracker, 'enforce' | 'end'>
  readonly trigger: RenewalTrigger
}

/** A hub that isn't there is asked again before its locks are missed for long. */
const LONGEST_PAUSE_MS = 15 * SECOND
const RETRY_FILES_MS = 2 * SECOND
/** sshd may still have to be told of a host certificate. */
const RETRY_REPORT_MS = SECOND / 4

/**
 * Takes what the hub streams and has it on the disk before the next is taken. While the hub is away
 * everything stays as it was; in strict mode the lines then end by themselves, and come back.
 */
export class GrantWatcher {
  readonly #options: GrantWatcherOptions
  readonly #filesDue: Waker
  #connection: Connection | undefined
  #failures = 0
  /** The hub has said that it doesn't know the node. */
  #isUnknown = false
  /** When all lines end, on this machine's clock, by which sshd judges them. */
  #expiresAt: number | undefined
  #flushing: Promise<unknown> = Promise.resolve()
  #filesFailure: string | undefined
  readonly #reportDue: Waker
  /** The hub waits to hear which trust is in effect, and what it has heard on this stream. */
  #isReportWanted = false
  #reported: string | undefined
  /** The identity with which the hub would like to be called no more. */
  #outdated: NodeIdentity | undefined

  constructor(options: GrantWatcherOptions) {
    this.#options = options
    this.#filesDue = new Waker(options.ports.clock)
    this.#reportDue = new Waker(options.ports.clock)
  }

  /** Returns once the signal is aborted. */
  async run(): Promise<void> {
    await Promise.all([this.#watch(), this.#maintain(), this.#report()])
  }

  async #watch(): Promise<void> {
    const { signal, ports, parameters, current } = this.#options
    while (!signal.aborted) {
      const { value: identity, replaced } = current
      const ended = AbortSignal.any([signal, replaced])
      // Another hub may answer, or the same one after a restart: neither has heard of us.
      this.#reported = undefined
      try {
        const options = callOptions({ parameters, signal: ended }, identity)
        for await (const update of ports.hub.watchNode(credentialOf(identity), options)) {
          await this.#take(update)
          this.#heed(update.wishes, identity, ended)
          this.#tellConnection({ state: 'fresh', since: ports.clock.now() })
          this.#failures = 0
          this.#isUnknown = false
        }
        throw new HubError('unreachable', 'the hub has ended the stream')
      } catch (error) {
        if (ended.aborted) continue
        await this.#backOff(error, ended)
      }
    }
  }

  async #take(update: NodeUpdate): Promise<void> {
    const { ports, grants, files, tracker, observer, progress } = this.#options
    const start = ports.clock.monotonic()
    const delta = grants.apply(update)
    for (const problem of delta.problems) observer.onWarning(problem)
    // Not after files that a slow disk takes its time for. Who comes in meanwhile is ended below.
    tracker.enforce()
    tracker.end(update.endSessions)
    files.mark(delta)
    this.#prolong()
    const complete = await during(observer, 'files', () => this.#flush(update.full))
    if (!complete) this.#filesDue.wake()
    tracker.enforce()
    const milliseconds = ports.clock.monotonic() - start
    const applied = { full: update.full, logins: delta.logins.size, milliseconds, complete }
    observer.onApplied(applied)
    progress.note({ appliedInMs: milliseconds })
  }

  /** Writes what couldn't be written, and in strict mode prolongs the lines. */
  async #maintain(): Promise<void> {
    const { signal, files, grants, parameters } = this.#options
    const pauseMs = parameters.strictMs === undefined ? MINUTE : parameters.strictMs / 4
    while (!signal.aborted) {
      await this.#filesDue.wait(files.isDue ? RETRY_FILES_MS : pauseMs, signal)
      if (signal.aborted || !grants.isKnown) continue
      if (parameters.strictMs !== undefined && this.#connection?.state === 'fresh') {
        this.#prolong()
        files.mark({ logins: grants.logins(), revoked: false, trust: false })
      }
      await this.#catchUp()
    }
  }

  #heed(wishes: HubWishes | undefined, identity: NodeIdentity, ended: AbortSignal): void {
    if (wishes === undefined) return
    const { ports, trigger } = this.#options
    this.#isReportWanted = wishes.reportTrust
    this.#reportDue.wake()
    if (wishes.renewWithinMs === undefined || this.#outdated === identity) return
    this.#outdated = identity
    const delay = wishes.renewWithinMs * ports.random.fraction()
    ports.clock.sleep(delay, ended).then(
      () => trigger.renewNow(),
      () => {},
    )
  }

  /** Tells the hub which trust sshd's files have, once that is what the hub has told. */
  async #report(): Promise<void> {
    const { signal, ports, parameters, current, grants, files } = this.#options
    while (!signal.aborted) {
      const { trust } = grants
      const serial = current.servedSerial
      const isReady =
        this.#isReportWanted && trust !== undefined && serial !== undefined && !files.isDue
      const report = isReady
        ? { trustDigest: digestOf(trust), hostCertificateSerial: serial }
        : undefined
      const told = report && `${report.trustDigest.toString('hex')} ${serial}`
      if (report && told !== this.#reported) {
        try {
          const identity = current.value
          const options = callOptions({ parameters, signal }, identity)
          await ports.hub.reportTrust(credentialOf(identity), report, options)
          this.#reported = told
        } catch {
          // What keeps it from being told keeps the watch from going on, which tells why.
          if (signal.aborted) return
        }
      }
      const isSettled = !this.#isReportWanted || this.#reported === told
      const isServed = serial === current.value.hostCertificate.serial
      await this.#reportDue.wait(isSettled && isServed ? MINUTE : RETRY_REPORT_MS, signal)
    }
  }

  /** Tells too when files are written that couldn't be before. */
  async #catchUp(): Promise<void> {
    const { ports, observer } = this.#options
    const hadFailed = this.#filesFailure !== undefined
    const start = ports.clock.monotonic()
    if (!(await this.#flush(false)) || !hadFailed) return
    const milliseconds = ports.clock.monotonic() - start
    observer.onApplied({ full: false, logins: 0, milliseconds, complete: true })
  }

  #prolong(): void {
    const { parameters, ports } = this.#options
    if (parameters.strictMs === undefined) return
    this.#expiresAt = ports.clock.now() + parameters.strictMs
  }

  /** One flush after the other. @returns whether nothing is due any more */
  async #flush(all: boolean): Promise<boolean> {
    const { files } = this.#options
    const flushed = this.#flushing.then(async () => {
      try {
        if (all) await files.markAll()
        return await files.flush(this.#expiresAt)
      } catch (error) {
        return [error]
      }
    })
    this.#flushing = flushed
    const failures = await flushed
    for (const error of failures) {
      this.#options.observer.onFailure({ what: 'files', error, retryInMs: RETRY_FILES_MS })
    }
    const [first] = failures
    const filesFailure = first === undefined ? undefined : messageOf(first)
    if (this.#filesFailure !== filesFailure) this.#options.progress.note({ filesFailure })
    this.#filesFailure = filesFailure
    return first === undefined
  }

  async #backOff(error: unknown, ended: AbortSignal): Promise<void> {
    const { ports, observer, trigger } = this.#options
    const now = ports.clock.now()
    // A hub that was restored from a backup may not know the node, until it renews.
    if (endsInstance(error) && !this.#isUnknown) trigger.renewNow()
    this.#isUnknown = endsInstance(error)
    this.#tellConnection({ state: 'stale', since: now, reason: messageOf(error) })
    const retryInMs = Math.max(
      Math.min(LONGEST_PAUSE_MS, retryDelay(this.#failures, 0, ports.random)),
      patienceAskedBy(error) ?? 0,
    )
    this.#failures += 1
    observer.onFailure({ what: 'watch', error, retryInMs })
    await ports.clock.sleep(retryInMs, ended).catch((reason: unknown) => {
      if (!ended.aborted) throw reason
    })
  }

  #tellConnection(connection: Connection): void {
    if (this.#connection?.state === connection.state) return
    this.#connection = connection
    this.#options.observer.onConnection(connection)
    this.#options.progress.note({ connection })
  }
}

function digestOf({ tlsCas, userCas, hostCas }: NodeTrust): Buffer {
  return trustDigest({ tls: tlsCas, user: userCas, host: hostCas })
}
