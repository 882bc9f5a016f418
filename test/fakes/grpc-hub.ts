/** A gRPC server that answers as it is told, in place of the hub. */
import type { DescMethod } from '@bufbuild/protobuf'
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js'
import { methodPath } from '../../src/rpc/method-name.ts'
import type { Answering } from './tls.ts'

export type FakeAnswer = handleUnaryCall<Buffer, Buffer>
export type FakeStream = handleServerStreamingCall<Buffer, Buffer>

export interface FakeHub extends Answering {
  /** The requests, as they came. */
  readonly requests: Buffer[]
}

export async function openFakeHub(
  credentials: ServerCredentials | { readonly key: string; readonly cert: string },
  answers: readonly (readonly [DescMethod, FakeAnswer])[],
  streams: readonly (readonly [DescMethod, FakeStream])[] = [],
): Promise<FakeHub> {
  const requests: Buffer[] = []
  const server = new Server()
  const asItIs = (bytes: Buffer) => bytes
  for (const [method, answer] of answers) {
    const handle: FakeAnswer = (call, callback) => {
      requests.push(call.request)
      answer(call, callback)
    }
    server.register(methodPath(method), handle, asItIs, asItIs, 'unary')
  }
  for (const [method, serve] of streams) {
    server.register(methodPath(method), serve, asItIs, asItIs, 'serverStream')
  }
  const own =
    credentials instanceof ServerCredentials
      ? credentials
      : ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(credentials.key), cert_chain: Buffer.from(credentials.cert) },
        ])
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', own, (error, bound) => (error ? reject(error) : resolve(bound)))
  })
  return {
    address: { host: '127.0.0.1', port },
    requests,
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
    },
  }
}
