import { type Clock, MINUTE } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { patienceAskedBy } from '../client/identity-hub.ts'
import { during } from './activity.ts'
import type { DaemonOptions } from './daemon.ts'
import { type Destination, publish } from './destination.ts'
import { dropAnswered } from './exchange.ts'
import { GivenToken } from './given-token.ts'
import { type Issue, refuseJumpedClock } from './hub-clock-jump.ts'
import { HubTime } from './hub-time.ts'
import { certificateEndsAt, hasSameKeys, type Identity, identityEndsAt } from './identity.ts'
import { IdentityWatch } from './identity-watch.ts'
import type { Published } from './observer.ts'
import { type BotToken, type IdentityParameters, readToken, tokenNeeded } from './parameters.ts'
import { recordProgress } from './progress.ts'
import { type DaemonCondition, type Readiness, readinessAt } from './readiness.ts'
import { endsInstance, isFinalForJoin, tokenToJoinAnew } from './refusals.ts'
import { join, type Renewer, renewOnce } from './renewer.ts'
import { renewAt, retryDelay } from './schedule.ts'
import type { StateDirectory } from './state.ts'
import { waitFor } from './wait.ts'

const TOLERATED_SKEW = MINUTE

export interface IdentityLoopOptions extends DaemonOptions {
  readonly destination: Destination
  readonly state: StateDirectory
  readonly token: BotToken | undefined
  /** What the state directory held. */
  readonly identity: Identity | undefined
}

/**
 * One step after the other, each of which can fail and is then done again:
 *
 * | the identity is | step |
 * | --- | --- |
 * | not there | join |
 * | durable, not published | publish, drop pending keys |
 * | published | wait; take what the hub tells of its surroundings, else renew; join anew where the hub has given the instance up |
 */
export class IdentityLoop {
  readonly #options: IdentityLoopOptions
  readonly #watch: IdentityWatch
  readonly #clock: Clock
  readonly #hubTime: HubTime
  readonly #token: GivenToken<BotToken>
  #identity: Identity | undefined
  /** How the identity came to be that is not published yet. */
  #unpublished: Published['by'] | undefined
  /** What is published of what the hub has issued to this process. */
  #published: Identity | undefined
  /** When the published certificate ends, on the hub's clock. */
  #publishedUntil: number | undefined
  #renewAt = 0
  /** A renewal was begun, or asked for, and has not succeeded. */
  #isDue = false
  #replaceSshKey = false
  #failures = 0
  #failure: unknown
  #readiness: Readiness | undefined

  constructor(options: IdentityLoopOptions) {
    const { ports, parameters, identity, observer, trigger } = options
    this.#options = options
    this.#watch = new IdentityWatch({
      ...ports,
      parameters,
      onRenewalWanted: () => trigger.renewNow(),
      onFailure: (error) => {
        observer.onWarning({ kind: 'watch-failed', error })
        // A hub that was restored from a backup may not know the instance, until it renews.
        if (endsInstance(error)) trigger.renewNow()
      },
    })
    this.#clock = ports.clock
    const date = ports.clock.now()
    // A date from before the last renewal is wrong: how long ago that was, nobody knows.
    this.#hubTime = new HubTime(ports.clock, Math.max(date, identity?.issuedAt ?? date))
    this.#isDue = identity !== undefined && date < identity.issuedAt
    this.#identity = identity
    this.#unpublished = identity && 'republished'
    this.#token = new GivenToken(
      options.token,
      options.rereadJoinToken && (() => this.#readTokenAgain()),
    )
  }

  /** Returns once the signal is aborted. @throws HubError when the first join is refused for good */
  async run(): Promise<void> {
    this.#condition()
    try {
      await this.#run()
    } finally {
      await this.#watch.end()
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      try {
        await this.#step()
        this.#failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (this.#identity === undefined && isFinalForJoin(error)) throw error
        await this.#backOff(error)
      }
    }
  }

  async #step(): Promise<void> {
    if (this.#identity === undefined) return this.#join()
    if (this.#unpublished !== undefined) return this.#publish(this.#identity, this.#unpublished)
    if (!this.#isDue) return this.#waitUntilDue(this.#identity)
    return this.#renew(this.#identity)
  }

  async #join(): Promise<void> {
    const token = this.#token.value
    if (token === undefined) throw tokenNeeded('there is no identity')
    await this.#joinWith(token)
  }

  async #joinWith(token: BotToken): Promise<void> {
    const { observer } = this.#options
    this.#accept(await during(observer, 'join', () => join(this.#renewer, token)), 'joined')
  }

  get #renewer(): Renewer {
    const { ports, state, signal } = this.#options
    const requireUsable = (next: Identity) => this.#requireUsable(next)
    return { hub: ports.hub, parameters: this.#parameters, state, signal, requireUsable }
  }

  /** As they are by now. */
  get #parameters(): IdentityParameters {
    const { parameters, currentParameters } = this.#options
    return currentParameters?.() ?? parameters
  }

  async #renew(identity: Identity): Promise<void> {
    const age = this.#hubTime.now() - identity.sshKeySince
    const { keyLifetimeMs } = this.#parameters
    const { observer } = this.#options
    const replaceSshKey = this.#replaceSshKey || keyLifetimeMs === 0 || age >= keyLifetimeMs
    try {
      const renew = () => renewOnce(this.#renewer, identity, replaceSshKey)
      const next = await during(observer, 'renewal', renew)
      if (!next.sshKey.equals(identity.sshKey)) this.#replaceSshKey = false
      this.#accept(next, 'renewed')
    } catch (error) {
      if (endsInstance(error)) await this.#rereadToken()
      const token = tokenToJoinAnew(error, identity, this.#token.value)
      if (token === undefined) throw error
      this.#report(error, 0)
      await this.#joinAnew(token)
    }
  }

  /** Takes the token that is given by now, unless the hub has refused it for good. */
  async #rereadToken(): Promise<void> {
    try {
      await this.#token.reread()
    } catch (error) {
      this.#options.observer.onWarning({ kind: 'token-unreadable', error })
    }
  }

  async #readTokenAgain(): Promise<BotToken | undefined> {
    const { rereadJoinToken, parameters } = this.#options
    return readToken({ ...parameters, joinToken: await rereadJoinToken?.() })
  }

  /** The instance has ended and another token is at hand. It is tried until the hub refuses it. */
  async #joinAnew(token: BotToken): Promise<void> {
    try {
      await this.#joinWith(token)
    } catch (error) {
      if (isFinalForJoin(error)) this.#token.spend(token)
      throw error
    }
  }

  #accept(identity: Identity, by: Published['by']): void {
    const here = this.#clock.now()
    const hub = identity.issuedAt
    this.#hubTime.set(hub)
    if (Math.abs(here - hub) > TOLERATED_SKEW) {
      this.#options.observer.onWarning({ kind: 'clock-skew', here, hub })
    }
    this.#identity = identity
    this.#unpublished = by
    this.#isDue = false
  }

  /** @throws IdentityError `clock-skew` */
  #requireUsable(next: Identity): void {
    const clocks = { expected: this.#hubTime.now(), here: this.#clock.now() }
    refuseJumpedClock(issueOf(next), this.#published && issueOf(this.#published), clocks)
  }

  async #publish(identity: Identity, by: Published['by']): Promise<void> {
    const { ports, destination, state, observer } = this.#options
    const publication = await during(observer, 'publication', async () => {
      if (by === 'followed') await state.writeIdentity(identity)
      const done = await publish(ports.fs, destination, identity, this.#clock.now())
      await dropAnswered(state, identity, hasSameKeys)
      return done
    })
    this.#unpublished = undefined
    const { issuedAt, suggestedRenewalAt } = identity
    const { renewalIntervalMs } = this.#parameters
    const endsAt = certificateEndsAt(identity)
    this.#publishedUntil = endsAt
    if (by !== 'republished') this.#published = identity
    const terms = { issuedAt, endsAt, renewalIntervalMs, suggestedAt: suggestedRenewalAt }
    this.#renewAt = renewAt(terms, ports.random)
    observer.onPublished({ identity, publication, by, nextRenewalAt: this.#renewAt })
    const { pruneError } = publication
    if (pruneError !== undefined) observer.onWarning({ kind: 'prune-failed', error: pruneError })
    this.#failure = undefined
    this.#tellCondition()
    await recordProgress(ports.fs, state.path, { nextRenewalAt: this.#renewAt, failure: undefined })
  }

  /** Until a renewal is due, or the surroundings have changed. */
  async #waitUntilDue(identity: Identity): Promise<void> {
    await this.#watch.follow(identity)
    const { trigger } = this.#options
    const ended = AbortSignal.any([trigger.signal, this.#watch.changed])
    await this.#wait(this.#renewAt - this.#hubTime.now(), ended)
    const changed = this.#watch.take()
    this.#isDue ||= changed === undefined
    if (changed === undefined || this.#isDue) return
    this.#identity = changed
    this.#unpublished = 'followed'
  }

  async #wait(milliseconds: number, ended = this.#options.trigger.signal): Promise<void> {
    const { signal, trigger } = this.#options
    await waitFor(milliseconds, this.#clock, signal, ended)
    const asked = trigger.take()
    if (asked === undefined) return
    this.#isDue = true
    this.#replaceSshKey ||= asked.replaceSshKey
  }

  async #backOff(error: unknown): Promise<void> {
    const { ports, signal, state } = this.#options
    const asked = patienceAskedBy(error)
    const delay = retryDelay(this.#failures, this.#left(), ports.random, asked)
    this.#report(error, delay)
    this.#failures += 1
    const failure = { message: messageOf(error), at: this.#clock.now() }
    await recordProgress(ports.fs, state.path, {
      nextRenewalAt: this.#hubTime.now() + delay,
      failure,
    })
    await this.#wait(delay).catch((reason: unknown) => {
      if (!signal.aborted) throw reason
    })
  }

  #report(error: unknown, retryInMs: number): void {
    this.#options.observer.onFailure({ error, attempt: this.#failures, retryInMs })
    this.#failure = error
    this.#tellCondition()
  }

  /** What is left of the life of the newest certificate. */
  #left(): number {
    return this.#identity ? certificateEndsAt(this.#identity) - this.#hubTime.latest() : 0
  }

  #tellCondition(): void {
    const after = readinessAt(this.#condition(), this.#hubTime.latest())
    const before = this.#readiness
    if (before && codes(before) === codes(after)) return
    this.#readiness = after
    this.#options.observer.onReadiness(after)
  }

  /** Tells what can be asked at any time, and returns it. */
  #condition(): DaemonCondition {
    const condition: DaemonCondition = {
      certificateEndsAt: this.#publishedUntil,
      identityEndsAt: this.#identity && identityEndsAt(this.#identity),
      failure: this.#failure,
    }
    this.#options.observer.onCondition(condition, () => this.#hubTime.latest())
    return condition
  }
}

function issueOf(identity: Identity): Issue {
  const { issuedAt, sshCertificate } = identity
  return { issuedAt, certificate: sshCertificate, identityEndsAt: identityEndsAt(identity) }
}

function codes(readiness: Readiness): string {
  return readiness.ready ? '' : readiness.reasons.map(({ code }) => code).join()
}
