/** A gRPC server behind each door: what it answers is the same, what it puts up with is the door's. */
import type { Socket } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { methodPath } from '../../rpc/method-name.ts'
import { handleCall } from './call.ts'
import { type DoorLimits, grpcOptions, REQUEST_TIMEOUT } from './door-limits.ts'
import { requestDeadline } from './request-deadline.ts'
import type { Rpc } from './rpc.ts'
import { handleStream, type StreamContext } from './stream-call.ts'
import type { Turnstile } from './turnstile.ts'
import type { FindVisit } from './visit.ts'

export interface GrpcDoor {
  accept(socket: Socket): void
  /** Takes no more calls; each connection is closed when its last call is answered. */
  drain(): void
}

export interface GrpcDoorOptions {
  readonly rpcs: readonly Rpc[]
  readonly calls: StreamContext
  readonly findVisit: FindVisit
  /** Through which the calls have to pass. */
  readonly turnstile: Turnstile | undefined
  readonly requestTimeoutMs?: number | undefined
}

export function openGrpcDoor(limits: DoorLimits, options: GrpcDoorOptions): GrpcDoor {
  const { rpcs, calls, findVisit, turnstile, requestTimeoutMs = REQUEST_TIMEOUT } = options
  const interceptors = [requestDeadline(requestTimeoutMs)]
  const server = new Server({ ...grpcOptions(limits), interceptors })
  const asItIs = (bytes: Buffer) => bytes
  for (const rpc of rpcs) {
    const path = methodPath(rpc.method)
    if (rpc.kind === 'unary') {
      server.register(path, handleCall(rpc, calls, findVisit, turnstile), asItIs, asItIs, 'unary')
    } else {
      const handler = handleStream(rpc, calls, findVisit, turnstile)
      server.register(path, handler, asItIs, asItIs, 'serverStream')
    }
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    accept: (socket) => injector.injectConnection(socket),
    // It calls back at once, while calls are still under way: the connections tell when it is over.
    drain: () => server.tryShutdown(() => {}),
  }
}
