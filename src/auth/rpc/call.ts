import { type handleUnaryCall, status } from '@grpc/grpc-js'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { methodName } from '../../rpc/method-name.ts'
import { AuthError } from '../errors.ts'
import { type AccessOptions, requireAccess } from './access.ts'
import type { Denial } from './denial.ts'
import type { Peer } from './peer.ts'
import type { UnaryRpc } from './rpc.ts'
import { errorReply } from './status.ts'
import type { Turnstile } from './turnstile.ts'
import type { FindVisit } from './visit.ts'

/** Told of every call that was answered, for metrics. Must not throw. */
export type CallListener = (call: {
  readonly rpc: string
  /** Of gRPC: `OK`, `PERMISSION_DENIED`. */
  readonly code: string
  /** Undefined for a stream: how long one is open says nothing of the hub. */
  readonly milliseconds: number | undefined
}) => void

/** What every call works with. */
export interface CallContext extends Pick<AccessOptions, 'requireCurrentAdmin'> {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly onCall?: CallListener | undefined
  readonly random: Pick<Random, 'bytes'>
  readonly log: Pick<Logger, 'error'>
  readonly recordDenial: (denial: Denial) => Promise<void>
}

/**
 * The way of each call: its caller, access, the act, and the reply or the error.
 *
 * @param turnstile where there is one, the call waits for its turn
 */
export function handleCall(
  rpc: UnaryRpc,
  context: CallContext,
  findVisit: FindVisit,
  turnstile?: Turnstile,
): handleUnaryCall<Buffer, Buffer> {
  const name = methodName(rpc.method)
  const { random, log, clock, onCall } = context
  return (call, callback) => {
    const start = clock.monotonic()
    const tell = (code: status) =>
      onCall?.({ rpc: name, code: nameOfStatus(code), milliseconds: clock.monotonic() - start })
    const visit = findVisit(call.getPeer())
    const end = visit?.begin()
    const act = () => answer(rpc, name, visit?.peer, call.request, context)
    const acting = turnstile ? turnstile.pass(() => call.cancelled, act) : act()
    acting
      .then(
        (reply) => {
          callback(null, reply)
          tell(status.OK)
        },
        (error: unknown) => {
          const reply = errorReply(error, { rpc: name, random, log })
          callback(reply)
          tell(reply.code)
        },
      )
      .finally(end)
  }
}

export function nameOfStatus(code: status): string {
  return status[code] ?? 'UNKNOWN'
}

async function answer(
  rpc: UnaryRpc,
  name: string,
  peer: Peer | undefined,
  request: Buffer,
  context: CallContext,
): Promise<Buffer> {
  const { caller } = await admit(name, peer, context)
  return rpc.answer(request, caller)
}

/** The peer, if its caller may make this call. @throws AuthError */
export async function admit(
  rpc: string,
  peer: Peer | undefined,
  context: Pick<CallContext, 'requireCurrentAdmin' | 'recordDenial'> & {
    readonly clock: Pick<Clock, 'now'>
  },
): Promise<Peer> {
  if (!peer) throw new AuthError('unavailable', 'the connection of this call is gone')
  const { requireCurrentAdmin, clock, recordDenial } = context
  try {
    await requireAccess(rpc, peer, { nowMs: clock.now(), requireCurrentAdmin })
    return peer
  } catch (error) {
    if (error instanceof AuthError) {
      await recordDenial({ rpc, caller: peer.caller, reason: error.code })
    }
    throw error
  }
}
