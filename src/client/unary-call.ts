import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { Metadata } from '@grpc/grpc-js'
import { SECOND } from '../base/clock.ts'
import { methodName, methodPath } from '../rpc/method-name.ts'
import { callError } from './call-errors.ts'
import type { HubChannel } from './channel.ts'
import { timedOut } from './connection-errors.ts'
import { HubError } from './identity-hub.ts'

export interface UnaryOptions {
  readonly signal?: AbortSignal | undefined
  /** From the call to its answer, connecting included. */
  readonly timeoutMs?: number | undefined
}

const CALL_TIMEOUT = 15 * SECOND

/**
 * Calls a method once. Rejects with the signal's reason when aborted.
 *
 * The deadline is a timer of this process, not gRPC's deadline, which is a wall-clock time: a step
 * of the clock must not end a call.
 *
 * @throws HubError
 */
export async function callUnary<I extends DescMessage, O extends DescMessage>(
  channel: HubChannel,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  { signal, timeoutMs = CALL_TIMEOUT }: UnaryOptions = {},
): Promise<MessageShape<O>> {
  signal?.throwIfAborted()
  const bytes = Buffer.from(toBinary(method.input, create(method.input, request)))
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const call = channel.client.makeUnaryRequest(
    methodPath(method),
    (message: Buffer) => message,
    (message: Buffer) => message,
    bytes,
    new Metadata(),
    (error, reply) => {
      if (error) reject(error)
      else if (reply) resolve(reply)
      else reject(badAnswer(channel.where))
    },
  )
  const stop = (reason: unknown) => {
    reject(reason)
    call.cancel()
  }
  const abort = () => stop(signal?.reason)
  const timer = setTimeout(() => stop(timedOut(channel.where, timeoutMs)), timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return decodeAnswer(method.output, await promise, channel.where)
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    const failure = await callError(error, channel, signal)
    throw isLost(failure) && channel.mayHaveReached(error) ? lostAnswer(failure, method) : failure
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function isLost(failure: unknown): failure is HubError {
  if (!(failure instanceof HubError)) return false
  return failure.code === 'unreachable' || failure.code === 'bad-answer'
}

function lostAnswer({ code, message, hint, cause }: HubError, method: DescMethodUnary): HubError {
  return new HubError(code, message, { hint, cause, lostCall: methodName(method) })
}

/** @throws HubError `bad-answer` */
export function decodeAnswer<O extends DescMessage>(
  schema: O,
  bytes: Buffer,
  where: string,
): MessageShape<O> {
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw badAnswer(where, cause)
  }
}

function badAnswer(where: string, cause?: unknown): HubError {
  return new HubError('bad-answer', `the answer from ${where} cannot be read`, {
    hint: 'are hub and client of versions that go together?',
    cause,
  })
}
