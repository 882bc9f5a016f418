import { type handleServerStreamingCall, status } from '@grpc/grpc-js'
import { type Clock, MINUTE } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { methodName } from '../../rpc/method-name.ts'
import { identityEnded } from './access.ts'
import { admit, type CallContext, nameOfStatus } from './call.ts'
import { createOutlet, type Outlet } from './outlet.ts'
import type { Peer } from './peer.ts'
import type { StreamRpc } from './rpc.ts'
import { errorReply } from './status.ts'
import { noRoom, type Streams } from './streams.ts'
import type { Turnstile } from './turnstile.ts'
import type { FindVisit } from './visit.ts'

export interface StreamContext extends CallContext {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>
  readonly random: Pick<Random, 'bytes' | 'fraction'>
  readonly streams: Streams
}

/**
 * How long a stream lasts at most; its reader then connects again. Shorter than a connection lasts,
 * so that this end is an orderly one; with a jitter, so that they don't all come at once.
 */
const LONGEST = 50 * MINUTE
const JITTER = 15 * MINUTE

/** The way of each stream: its caller, access, its subscription, and its end. */
export function handleStream(
  rpc: StreamRpc,
  context: StreamContext,
  findVisit: FindVisit,
  turnstile?: Turnstile,
): handleServerStreamingCall<Buffer, Buffer> {
  const name = methodName(rpc.method)
  const { random, log, onCall } = context
  return (call) => {
    let code: status = status.OK
    const outlet = createOutlet(call, (error) => {
      const reply = errorReply(error, { rpc: name, random, log })
      code = reply.code
      return reply
    })
    const tell = () => onCall?.({ rpc: name, code: nameOfStatus(code), milliseconds: undefined })
    outlet.signal.addEventListener('abort', tell, { once: true })
    const serve = async () => {
      const visit = findVisit(call.getPeer())
      const peer = await admit(name, visit?.peer, context)
      if (visit?.isGuest) throw noRoom(peer.caller)
      outlet.subscribe(visit?.begin ?? (() => () => {}))
      context.streams.add({ rpc: name, caller: peer.caller, outlet })
      void endInTime(peer, outlet, context)
      await rpc.open(call.request, peer.caller, outlet)
    }
    const serving = turnstile ? turnstile.pass(() => outlet.signal.aborted, serve) : serve()
    serving.catch((error: unknown) => outlet.end(error))
  }
}

/** A stream never outlives the certificate that it was opened with. */
async function endInTime(
  peer: Peer,
  { signal, end }: Outlet<Buffer>,
  { clock, random }: StreamContext,
): Promise<void> {
  const left = (peer.identityExpiresAt ?? Number.POSITIVE_INFINITY) - clock.now()
  const longest = LONGEST - JITTER * random.fraction()
  await clock.sleep(Math.min(left, longest), signal).then(
    () => end(left <= longest ? identityEnded(peer, clock.now()) : undefined),
    () => {},
  )
}
