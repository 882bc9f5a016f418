import type { handleUnaryCall } from '@grpc/grpc-js'
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

/** What every call works with. */
export interface CallContext extends Pick<AccessOptions, 'requireCurrentAdmin'> {
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'bytes'>
  readonly log: Pick<Logger, 'error'>
  readonly recordDenial: (denial: Denial) => Promise<void>
}

/** The way of each call: its caller, access, the act, and the reply or the error. */
export function handleCall(
  rpc: UnaryRpc,
  context: CallContext,
  peerOf: (name: string) => Peer | undefined,
): handleUnaryCall<Buffer, Buffer> {
  const name = methodName(rpc.method)
  const { random, log } = context
  return (call, callback) => {
    const peer = peerOf(call.getPeer())
    answer(rpc, name, peer, call.request, context).then(
      (reply) => callback(null, reply),
      (error: unknown) => callback(errorReply(error, { rpc: name, random, log })),
    )
  }
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
  context: Pick<CallContext, 'clock' | 'requireCurrentAdmin' | 'recordDenial'>,
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
