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
import { credentialOf, type Identity } from './identity.ts'
import type { IdentityParameters } from './parameters.ts'
import { endsInstance } from './refusals.ts'
import { retryDelay } from './schedule.ts'

export interface IdentityWatchOptions {
  readonly hub: Pick<IdentityHub, 'watch'>
  readonly parameters: Pick<IdentityParameters, 'authServer' | 'trust'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly random: Pick<Random, 'fraction'>
  /** Told at the first of several failures in a row, and when the hub says that the instance is gone. */
  readonly onFailure: (error: unknown) => void
}

/** Changes often come together: they are taken together too. */
const SETTLING = 2 * SECOND

export class IdentityWatch {
  readonly #options: IdentityWatchOptions
  #followed: Identity | undefined
  #stop = new AbortController()
  #changed = new AbortController()
  #latest: Identity | undefined
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
    if (before?.identityCertificate.equals(identity.identityCertificate)) return
    await this.end()
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
    const isSettling = this.#latest !== undefined
    // One that has come back to what is published needs nothing.
    this.#latest = now
    if (now === undefined || isSettling) return
    const tell = () => {
      if (this.#latest !== undefined && !signal.aborted) this.#changed.abort()
    }
    clock.sleep(SETTLING, signal).then(tell, () => {})
  }
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
