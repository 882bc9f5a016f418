/** A bot that wants nothing but its certificates, and is as patient as its daemon. */
import type { KeyObject } from 'node:crypto'
import { systemClock } from '../../../src/base/clock.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { createGrpcIdentityHub } from '../../../src/client/grpc-identity-hub.ts'
import {
  type CallOptions,
  type ClientCredential,
  type IssuedIdentity,
  patienceAskedBy,
} from '../../../src/client/identity-hub.ts'
import { drawKey } from '../../../src/identity/identity.ts'
import { isAnswerLost } from '../../../src/identity/refusals.ts'
import { retryDelay } from '../../../src/identity/schedule.ts'
import { publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { parseJoinToken } from '../../../src/trust/join-token.ts'

const identityHub = createGrpcIdentityHub({
  clock: systemClock,
  client: { version: '0.0.0', hostname: 'honest' },
})

export class HonestBot {
  readonly #to: CallOptions
  readonly #sshPublicKey = publicKeyFrom(drawKey()).blob
  #identityKey: KeyObject
  #issued: IssuedIdentity
  /** Calls that had to be made again. */
  retries = 0

  private constructor(to: CallOptions, identityKey: KeyObject, issued: IssuedIdentity) {
    this.#to = to
    this.#identityKey = identityKey
    this.#issued = issued
  }

  static async join(port: number, token: string): Promise<HonestBot> {
    const identityKey = drawKey()
    const to: CallOptions = {
      address: { host: '127.0.0.1', port },
      trust: { kind: 'pin', pin: parseJoinToken(token).pin },
    }
    const issued = await identityHub.join(token, requestFor(identityKey, drawKey()), to)
    const trust = { kind: 'tls-ca', certificates: issued.tlsCas } as const
    return new HonestBot({ ...to, trust }, identityKey, issued)
  }

  get generation(): bigint {
    return this.#issued.generation
  }

  /** What a thief would have of it. */
  get credential(): ClientCredential {
    return { certificate: this.#issued.identityCertificate, privateKey: this.#identityKey }
  }

  /** Renews once, with the same keys until it has an answer. */
  async renew(): Promise<void> {
    const next = drawKey()
    const request = { ...requestFor(next, drawKey()), sshPublicKey: this.#sshPublicKey }
    for (let attempt = 0; ; attempt++) {
      try {
        this.#issued = await identityHub.renew(this.credential, request, this.#to)
        this.#identityKey = next
        return
      } catch (error) {
        if (!isAnswerLost(error) && patienceAskedBy(error) === undefined) throw error
        this.retries += 1
        const delay = retryDelay(attempt, 0, systemRandom, patienceAskedBy(error))
        await systemClock.sleep(delay)
      }
    }
  }
}

function requestFor(identityKey: KeyObject, sshKey: KeyObject) {
  return {
    identityKey,
    sshPublicKey: publicKeyFrom(sshKey).blob,
    certificateTtlMs: undefined,
    renewalIntervalMs: undefined,
  }
}
