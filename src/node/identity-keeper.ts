import { MINUTE } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { patienceAskedBy } from '../client/identity-hub.ts'
import { during } from '../identity/activity.ts'
import { dropAnswered } from '../identity/exchange.ts'
import type { GivenToken } from '../identity/given-token.ts'
import { type Issue, refuseJumpedClock } from '../identity/hub-clock-jump.ts'
import { HubTime } from '../identity/hub-time.ts'
import { endsInstance, isFinalForJoin, tokenToJoinAnew } from '../identity/refusals.ts'
import type { RenewalTrigger } from '../identity/renewal-trigger.ts'
import { renewAt, retryDelay } from '../identity/schedule.ts'
import { waitFor } from '../identity/wait.ts'
import { encodeCertificateLine } from '../ssh/certificate.ts'
import { isSameKey } from '../ssh/public-key.ts'
import type { AgentProgress } from './agent-progress.ts'
import type { CurrentIdentity } from './current-identity.ts'
import {
  hasSameIdentityKey,
  hostCertificateEndsAt,
  identityEndsAt,
  type NodeIdentity,
} from './node-identity.ts'
import type { IdentityEvent, NodeObserver } from './node-observer.ts'
import { joinNode, type NodeRenewer, renewNode } from './node-renewer.ts'
import type { NodeSshd } from './node-sshd.ts'
import type { NodeToken } from './parameters.ts'
import type { NodePorts } from './ports.ts'
import type { SshdFiles } from './sshd-files.ts'

export interface IdentityKeeperOptions {
  readonly ports: Pick<NodePorts, 'clock' | 'random'>
  readonly renewer: NodeRenewer
  /** What it joins anew with. */
  readonly token: GivenToken<NodeToken>
  readonly trigger: RenewalTrigger
  readonly observer: NodeObserver
  readonly progress: AgentProgress
}

/** Where a new host certificate goes. */
export interface Published {
  readonly current: CurrentIdentity
  readonly sshd: NodeSshd
  readonly files: Pick<SshdFiles, 'hasHostCertificate' | 'writeHostCertificate'>
}

/** Joins a node, and renews it for as long as it runs. Every failure is told and tried again. */
export class IdentityKeeper {
  readonly #options: IdentityKeeperOptions
  readonly #hubTime: HubTime
  /** The newest that the hub has issued to this process. */
  #issued: NodeIdentity | undefined
  #failures = 0

  constructor(options: IdentityKeeperOptions) {
    this.#options = options
    const { clock } = options.ports
    this.#hubTime = new HubTime(clock, clock.now())
  }

  /** @throws HubError when the hub refuses the token for good; the signal's reason */
  async join(token: NodeToken): Promise<NodeIdentity> {
    const { renewer } = this.#options
    for (;;) {
      try {
        const identity = await this.#ask('join', () => joinNode(renewer, token))
        this.#accept(identity, 'joined')
        return identity
      } catch (error) {
        renewer.signal.throwIfAborted()
        if (isFinalForJoin(error)) throw error
        await this.#backOff('join', error, 0)
      }
    }
  }

  #ask(activity: 'join' | 'renewal', act: () => Promise<NodeIdentity>): Promise<NodeIdentity> {
    return during(this.#options.observer, activity, act)
  }

  /** An identity that was there at the start. */
  load(identity: NodeIdentity): void {
    // A date from before the last renewal is wrong.
    this.#hubTime.set(Math.max(this.#options.ports.clock.now(), identity.issuedAt))
    this.#tell(identity, 'loaded')
  }

  /** Returns once the signal is aborted. */
  async run(published: Published): Promise<void> {
    const { renewer } = this.#options
    const { current } = published
    let isDue = !isSameKey(current.value.hostKey, renewer.hostKey)
    let isPublished = true
    let isAnswered = false
    while (!renewer.signal.aborted) {
      try {
        if (!isPublished) {
          await placeHostCertificate(published)
          await published.sshd.settle()
          current.noteServed()
        }
        isPublished = true
        if (!isAnswered) await dropAnswered(renewer.state, current.value, hasSameIdentityKey)
        isAnswered = true
        if (!isDue) {
          this.#recovered()
          await this.#wait(this.#renewalTime(current.value) - this.#hubTime.now())
        }
        isDue = true
        const identity = await this.#renew(current.value)
        isPublished = false
        isAnswered = false
        // The keys of a renewal whose answer was lost may have been for a host key of before.
        isDue = !isSameKey(identity.hostKey, renewer.hostKey)
        current.replace(identity)
        this.#failures = 0
      } catch (error) {
        if (renewer.signal.aborted) return
        await this.#backOff('renewal', error, this.#left(current.value)).catch(() => undefined)
      }
    }
  }

  async #renew(identity: NodeIdentity): Promise<NodeIdentity> {
    const { renewer, token: given } = this.#options
    const requireUsable = (next: NodeIdentity) => this.#requireUsable(next)
    try {
      const next = await this.#ask('renewal', () =>
        renewNode({ ...renewer, requireUsable }, identity),
      )
      this.#accept(next, 'renewed')
      return next
    } catch (error) {
      if (endsInstance(error)) await this.#rereadToken()
      const token = tokenToJoinAnew(error, identity, given.value)
      if (token === undefined) throw error
      return await this.#joinAnew(token)
    }
  }

  /** The node has ended and another token is at hand. It is tried until the hub refuses it. */
  async #joinAnew(token: NodeToken): Promise<NodeIdentity> {
    try {
      const { renewer } = this.#options
      const identity = await this.#ask('join', () => joinNode(renewer, token))
      this.#accept(identity, 'joined')
      return identity
    } catch (error) {
      if (isFinalForJoin(error)) this.#options.token.spend(token)
      throw error
    }
  }

  async #rereadToken(): Promise<void> {
    const { token, observer } = this.#options
    try {
      await token.reread()
    } catch (error) {
      observer.onWarning(`the join token can't be read: ${messageOf(error)}`)
    }
  }

  /** @throws IdentityError `clock-skew` */
  #requireUsable(next: NodeIdentity): void {
    const clocks = { expected: this.#hubTime.now(), here: this.#options.ports.clock.now() }
    refuseJumpedClock(issueOf(next), this.#issued && issueOf(this.#issued), clocks)
  }

  #accept(identity: NodeIdentity, by: IdentityEvent['by']): void {
    const skewMs = this.#options.ports.clock.now() - identity.issuedAt
    this.#hubTime.set(identity.issuedAt)
    this.#issued = identity
    if (Math.abs(skewMs) > MINUTE) {
      this.#options.observer.onWarning(
        `this machine's clock and the hub's differ by ${Math.round(Math.abs(skewMs) / 1000)} s`,
      )
    }
    this.#tell(identity, by)
  }

  #tell(identity: NodeIdentity, by: IdentityEvent['by']): void {
    const nextRenewalAt = this.#renewalTime(identity)
    this.#options.observer.onIdentity({ identity, by, nextRenewalAt })
    this.#options.progress.note({ nextRenewalAt, failure: undefined })
  }

  #renewalTime(identity: NodeIdentity): number {
    const endsAt = Math.min(identityEndsAt(identity), hostCertificateEndsAt(identity))
    const terms = { issuedAt: identity.issuedAt, endsAt }
    const free = { renewalIntervalMs: undefined, suggestedAt: undefined }
    return renewAt({ ...terms, ...free }, this.#options.ports.random)
  }

  #left(identity: NodeIdentity): number {
    return identityEndsAt(identity) - this.#hubTime.latest()
  }

  /** What has failed was done at another try. */
  #recovered(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    this.#options.progress.note({ failure: undefined })
  }

  async #wait(milliseconds: number): Promise<void> {
    const { trigger, renewer, ports } = this.#options
    await waitFor(milliseconds, ports.clock, renewer.signal, trigger.signal)
    trigger.take()
  }

  async #backOff(what: 'join' | 'renewal', error: unknown, leftMs: number): Promise<void> {
    const { ports, observer, progress } = this.#options
    const asked = patienceAskedBy(error)
    const retryInMs = retryDelay(this.#failures, leftMs, ports.random, asked)
    this.#failures += 1
    observer.onFailure({ what, error, retryInMs })
    progress.note({ failure: { message: messageOf(error), at: ports.clock.now() } })
    await this.#wait(retryInMs)
  }
}

function issueOf(identity: NodeIdentity): Issue {
  const { issuedAt, hostCertificate } = identity
  return { issuedAt, certificate: hostCertificate, identityEndsAt: identityEndsAt(identity) }
}

/** Writes the certificate of the host key. sshd serves it once it has settled. */
export async function placeHostCertificate({ current, sshd, files }: Published): Promise<void> {
  const { hostCertificate, hostKey } = current.value
  // sshd would serve the plain key beside the certificate of another one.
  if (!isSameKey(hostKey, sshd.hostKey.publicKey)) return
  const line = encodeCertificateLine(hostCertificate)
  if (await files.hasHostCertificate(sshd.hostKey.path, line)) return
  await sshd.expectHostCertificate()
  await files.writeHostCertificate(sshd.hostKey.path, line)
}
