import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { Metadata } from '@grpc/grpc-js'
import { SECOND } from '../base/clock.ts'
import { methodPath } from '../rpc/method-name.ts'
import { callError } from './call-errors.ts'
import type { HubChannel } from './channel.ts'
import { timedOut } from './connection-errors.ts'
import { decodeAnswer } from './unary-call.ts'

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined
  /** From the call to its first message, connecting included. */
  readonly timeoutMs?: number | undefined
}

const FIRST_MESSAGE_TIMEOUT = 15 * SECOND

/**
 * Calls a method once and yields what it sends, as it comes; the hub is slowed down by a reader that
 * is slow. It returns when the hub ends the stream without an error, and throws the signal's reason
 * when aborted. Leaving the loop cancels the call.
 *
 * @throws HubError
 */
export async function* callServerStream<I extends DescMessage, O extends DescMessage>(
  channel: HubChannel,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  { signal, timeoutMs = FIRST_MESSAGE_TIMEOUT }: StreamOptions = {},
): AsyncGenerator<MessageShape<O>, void, undefined> {
  signal?.throwIfAborted()
  const call = channel.client.makeServerStreamRequest(
    methodPath(method),
    (message: Buffer) => message,
    (message: Buffer) => message,
    Buffer.from(toBinary(method.input, create(method.input, request))),
    new Metadata(),
  )
  const stop = (reason: Error) => call.destroy(reason)
  const abort = () => stop(new Error('aborted'))
  const timer = setTimeout(() => stop(timedOut(channel.where, timeoutMs)), timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })
  // What it ends with comes out of the loop; nobody else is there to hear it.
  call.on('error', () => {})
  try {
    for await (const message of call) {
      clearTimeout(timer)
      yield decodeAnswer(method.output, message, channel.where)
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw await callError(error, channel, signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    call.cancel()
  }
}
