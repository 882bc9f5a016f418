/** A bot's daemon, as far as the hub has to do with it: it renews, watches, and is patient. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { HubError, patienceAskedBy } from '../../src/client/identity-hub.ts'
import {
  IdentityService,
  RenewRequestSchema,
  RenewResponseSchema,
} from '../../src/gen/mezite/v1/identity_pb.js'
import { drawKey } from '../../src/identity/identity.ts'
import { retryDelay } from '../../src/identity/schedule.ts'
import { methodPath } from '../../src/rpc/method-name.ts'
import { fromTimestamp } from '../../src/rpc/times.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { proveKey } from '../../src/x509/key-proof.ts'
import { encodeCertificatePem } from '../../src/x509/pem.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import { sharedTime } from '../scale/shared-clock.ts'
import { type Caller, explain, openCall } from './hub-call.ts'
import type { Member, Renewal } from './orders.ts'

const RENEW = methodPath(IdentityService.method.renew)
const WATCH = methodPath(IdentityService.method.watchIdentity)
/** Of a daemon that has tried for a while: its pauses are as long as they get. */
const FAILURES_SO_FAR = 10

export interface BotOptions {
  readonly port: number
  readonly leftMs: number
  readonly watches: boolean
  readonly onFailure: (what: 'renewal' | 'watch', error: unknown) => void
  readonly onWatching: (change: 1 | -1) => void
}

export interface Bot {
  /** The first one. */
  readonly renewed: Promise<Renewal>
}

export function startBot(member: Member, options: BotOptions): Bot {
  const { port, leftMs, watches, onFailure, onWatching } = options
  const endsAt = sharedTime() + leftMs
  const sshKey = publicKeyFrom(drawKey()).blob
  let caller: Caller = { port, ...member }
  let outdated = new AbortController()

  /** Until they are certified: what the hub may have done already must be asked for again. */
  let pending = drawKey()

  async function renew(attempts: number): Promise<Renewal> {
    const identityKey = pending
    const request = create(RenewRequestSchema, {
      request: {
        ...{ identityPublicKey: spkiOfPrivateKey(identityKey), sshPublicKey: sshKey },
        ...{ clientVersion: '0.0.0', clientHost: 'herd' },
        keyProof: proveKey(identityKey, sshKey),
      },
    })
    using call = await openCall(caller, RENEW, Buffer.from(toBinary(RenewRequestSchema, request)))
    const { identity } = fromBinary(RenewResponseSchema, await call.first)
    if (!identity) throw new HubError('bad-answer', 'a reply without an identity')
    const { suggestedRenewal, hubTime: issuedAt } = identity
    const suggested = suggestedRenewal && fromTimestamp(suggestedRenewal)
    const hubTime = issuedAt && fromTimestamp(issuedAt)
    caller = {
      ...caller,
      certificate: encodeCertificatePem(identity.identityCertificate),
      privateKey: identityKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
    pending = drawKey()
    outdated.abort()
    const at = sharedTime()
    return {
      ...{ at, leftMs: endsAt - at, attempts },
      ...(suggested !== undefined &&
        hubTime !== undefined && { suggestedInMs: suggested - hubTime }),
    }
  }

  async function renewUntilDone(): Promise<Renewal> {
    // Somewhere in a pause that began before the hub was back.
    await pause(retryDelay(FAILURES_SO_FAR, leftMs, systemRandom))
    for (let attempts = 1; ; attempts++) {
      try {
        return await renew(attempts)
      } catch (error) {
        onFailure('renewal', error)
        await explainUnlessRefused(error)
        const failures = FAILURES_SO_FAR + attempts
        const left = endsAt - sharedTime()
        await pause(retryDelay(failures, left, systemRandom, patienceAskedBy(error)))
      }
    }
  }

  async function watch(): Promise<void> {
    let failures = FAILURES_SO_FAR
    let ended = outdated.signal
    await pause(retryDelay(failures, 0, systemRandom))
    for (;;) {
      try {
        ended = outdated.signal
        using call = await openCall(caller, WATCH, Buffer.alloc(0))
        await call.first
        failures = 0
        onWatching(1)
        await Promise.race([call.ended, aborted(ended)]).finally(() => onWatching(-1))
      } catch (error) {
        onFailure('watch', error)
        await explainUnlessRefused(error)
        const delay = retryDelay(failures, 0, systemRandom, patienceAskedBy(error))
        failures += 1
        // The next generation begins anew.
        await Promise.race([pause(delay), aborted(ended)])
      }
      if (ended.aborted) failures = 0
    }
  }

  /** As the client does where gRPC only knows that there is no connection. */
  async function explainUnlessRefused(error: unknown): Promise<void> {
    if (error instanceof HubError && error.hubCode === undefined) await explain(caller)
  }

  if (watches) void watch()
  const renewed = renewUntilDone()
  void renewed.then(() => {
    outdated = new AbortController()
  })
  return { renewed }
}

function pause(milliseconds: number): Promise<void> {
  return systemClock.sleep(milliseconds)
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
