/**
 * What changes around a bot between two renewals: its nodes and the CAs that it trusts. One stream,
 * with the certificate of the newest generation; where it fails, renewals bring the same, later.
 */
import { type Clock, SECOND } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import {
  type HubTrust,
  type IdentityHub,
  patienceAskedBy,
  type Surroundings,
} from '../client/identity-hub.ts'
import { parsePublicKey } from '../ssh/public-key.ts'
import { trustDigest } from '../trust/trust-digest.ts'
import { credentialOf, type Identity } from './identity.ts'
import type { IdentityParameters } from './parameters.ts'
import { endsInstance } from './refusals.ts'
import { retryDelay } from './schedule.ts'

export interface IdentityWatchOptions {
  readonly hub: Pick<IdentityHub, 'watch' | 'reportTrust'>
  readonly parameters: Pick<IdentityParameters, 'authServer' | 'trust'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly random: Pick<Random, 'fraction'>
  /** The hub would like a renewal now. */
  readonly onRenewalWanted: () => void
  /** Told at the first of several failures in a row, and when the hub says that the instance is gone. */
  readonly onFailure: (error: unknown) => void
}

/** Changes often come together: they are taken together too. */
const SETTLING = 2 * SECOND
const REPORT_RETRY = SECOND

export class IdentityWatch {
  readonly #options: IdentityWatchOptions
  #followed: Identity | undefined
  #stop = new AbortController()
  #changed = new AbortController()
  #latest: Identity | undefined
  /** Of the trust that the hub waits to hear of, and what it has heard on this stream. */
  #wantedReport: string | undefined
  #reported: string | undefined
  #isRenewalWanted = false
  #ended: Promise<void> = Promise.resolve()

  constructor(options: IdentityWatchOptions) {
    this.#options = options
  }

  /** Aborted once there is something to take. */
  get changed(): AbortSignal {
    return this.#changed.signal
  }

  /**
   * Watches with this identity from now on. What was seen with the one before is forgotten: the hub
   * issued this one with all that it knew.
   */
  async follow(identity: Identity): Promise<void> {
    const before = this.#followed
    this.#followed = identity
    if (before?.identityCertificate.equals(identity.identityCertificate)) {
      void this.#report(this.#stop.signal)
      return
    }
    await this.end()
    this.#isRenewalWanted = false
    this.#stop = new AbortController()
    this.#ended = this.#run(identity, this.#stop.signal)
  }

  /** The identity as it is now, if it isn't any more as it was followed. */
  take(): Identity | undefined {
    const latest = this.#latest
    this.#forget()
    return latest
  }

  /** Lets go of the hub. */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#ended
    this.#forget()
  }

  #forget(): void {
    this.#latest = undefined
    if (this.#changed.signal.aborted) this.#changed = new AbortController()
  }

  async #run(identity: Identity, signal: AbortSignal): Promise<void> {
    const { clock, random, onFailure } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      try {
        // It ends well where the hub wants to be asked again, at once.
        if (await this.#watch(identity, signal)) failures = 0
        else throw new Error('the hub ended the stream before it said anything')
      } catch (error) {
        if (signal.aborted) return
        if (failures === 0 || endsInstance(error)) onFailure(error)
        // Nothing but another certificate helps, and with one it is followed anew.
        if (endsInstance(error)) return
        const delay = retryDelay(failures, 0, random, patienceAskedBy(error))
        await clock.sleep(delay, signal).catch(() => {})
        failures += 1
      }
    }
  }

  /** Returns whether anything came. @throws HubError */
  async #watch(identity: Identity, signal: AbortSignal): Promise<boolean> {
    const { hub, parameters } = this.#options
    const trust: HubTrust = parameters.trust ?? {
      kind: 'tls-ca',
      certificates: identity.tlsCas,
    }
    let hasCome = false
    // Another hub may answer, or the same one after a restart: neither has heard of us.
    this.#reported = undefined
    const options = { address: parameters.authServer, trust, signal }
    for await (const surroundings of hub.watch(credentialOf(identity), options)) {
      hasCome = true
      this.#see(surroundings, signal)
    }
    return hasCome
  }

  #see(surroundings: Surroundings, signal: AbortSignal): void {
    const { clock } = this.#options
    const followed = this.#followed
    if (followed === undefined || signal.aborted) return
    const now = surrounded(followed, surroundings)
    const { tlsCas, userCas, hostCas } = surroundings.trust
    const told = trustDigest({ tls: tlsCas, user: userCas, host: hostCas }).toString('hex')
    this.#wantedReport = surroundings.reportTrust ? told : undefined
    void this.#report(signal)
    this.#planRenewal(surroundings.renewWithinMs, signal)
    const isSettling = this.#latest !== undefined
    // One that has come back to what is published needs nothing.
    this.#latest = now
    if (now === undefined || isSettling) return
    const tell = () => {
      if (this.#latest !== undefined && !signal.aborted) this.#changed.abort()
    }
    // Others wait for a report.
    clock.sleep(surroundings.reportTrust ? 0 : SETTLING, signal).then(tell, () => {})
  }

  #planRenewal(withinMs: number | undefined, signal: AbortSignal): void {
    const { clock, random, onRenewalWanted } = this.#options
    if (withinMs === undefined || this.#isRenewalWanted) return
    this.#isRenewalWanted = true
    clock.sleep(withinMs * random.fraction(), signal).then(onRenewalWanted, () => {})
  }

  /** Once the trust that the hub tells is that of the files, for as long as the stream is there. */
  async #report(signal: AbortSignal): Promise<void> {
    const { clock, hub, parameters } = this.#options
    while (!signal.aborted) {
      const identity = this.#followed
      const digest = identity && digestOf(identity)
      if (!identity || digest === undefined) return
      if (digest !== this.#wantedReport || digest === this.#reported) return
      this.#reported = digest
      try {
        const trust: HubTrust = parameters.trust ?? {
          kind: 'tls-ca',
          certificates: identity.tlsCas,
        }
        const options = { address: parameters.authServer, trust, signal }
        await hub.reportTrust(credentialOf(identity), Buffer.from(digest, 'hex'), options)
        return
      } catch (error) {
        if (endsInstance(error)) return
        this.#reported = undefined
        await clock.sleep(REPORT_RETRY, signal).catch(() => {})
      }
    }
  }
}

function digestOf({ tlsCas, userCas, hostCas }: Identity): string {
  const blobs = (keys: Identity['userCas']) => keys.map(({ blob }) => blob)
  const keys = { tls: tlsCas, user: blobs(userCas), host: blobs(hostCas) }
  return trustDigest(keys).toString('hex')
}

/** The identity with these surroundings; undefined where they are its own. */
export function surrounded(
  identity: Identity,
  { trust, nodes }: Surroundings,
): Identity | undefined {
  if (trust.clusterId !== identity.clusterId) throw new Error('it is the hub of another cluster')
  const { tlsCas } = trust
  const userCas = trust.userCas.map(parsePublicKey)
  const hostCas = trust.hostCas.map(parsePublicKey)
  const next: Identity = { ...identity, tlsCas, userCas, hostCas, nodes }
  return tell(next) === tell(identity) ? undefined : next
}

function tell({ tlsCas, userCas, hostCas, nodes }: Identity): string {
  const keys = [tlsCas, userCas.map(({ blob }) => blob), hostCas.map(({ blob }) => blob)]
  const all = keys.map((list) => list.map((key) => key.toString('base64')))
  return JSON.stringify([
    all,
    nodes.map(({ name, host, port, logins }) => [name, host, port, logins]),
  ])
}
