/** Calls with a connection of their own: the next one has another certificate. */
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf'
import { openTlsChannel } from './channel.ts'
import type { Attempt } from './hub-recognition.ts'
import type { ClientCredential } from './identity-hub.ts'
import { callServerStream } from './server-stream.ts'
import type { ServerTrust } from './server-trust.ts'
import { callUnary } from './unary-call.ts'

/** Whom to call, and how to know him. */
export interface PreparedCall extends Attempt {
  readonly trust: ServerTrust
}

/** @throws HubError */
export async function callOnce<I extends DescMessage, O extends DescMessage>(
  to: PreparedCall,
  credential: ClientCredential | undefined,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
): Promise<MessageShape<O>> {
  const channel = openTlsChannel(to, to.trust, credential)
  try {
    return await callUnary(channel, method, request, to)
  } finally {
    channel.close()
  }
}

/** See `callServerStream`; for a request that says nothing. @throws HubError */
export async function* streamOnce<I extends DescMessage, O extends DescMessage>(
  to: PreparedCall,
  credential: ClientCredential,
  method: DescMethodServerStreaming<I, O>,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const channel = openTlsChannel(to, to.trust, credential)
  try {
    yield* callServerStream(channel, method, create(method.input), to)
  } finally {
    channel.close()
  }
}
