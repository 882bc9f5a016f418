import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { Caller } from '../caller.ts'
import { AuthError } from '../errors.ts'
import type { Outlet } from './outlet.ts'

/** One RPC of the hub: bytes in, bytes out, for a caller who may make it. */
export type Rpc = UnaryRpc | StreamRpc

export interface UnaryRpc {
  readonly kind: 'unary'
  readonly method: DescMethod
  /** @throws AuthError; anything else is a failure of the hub */
  answer(request: Uint8Array, caller: Caller): Promise<Buffer>
}

/** A request that is answered for as long as the caller listens. */
export interface StreamRpc {
  readonly kind: 'stream'
  readonly method: DescMethod
  /** See `stream`. @throws AuthError; anything else is a failure of the hub */
  open(request: Uint8Array, caller: Caller, outlet: Outlet<Buffer>): Promise<void>
}

/** Joins a unary method to the function that does what it says. */
export function rpc<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & DescMethodUnary<I, O>,
  handle: (request: MessageShape<I>, caller: Caller) => Promise<MessageInitShape<O>>,
): UnaryRpc {
  return {
    kind: 'unary',
    method,
    answer: async (request, caller) =>
      encode(method.output, await handle(decode(method.input, request), caller)),
  }
}

/**
 * Joins a server-streaming method to the function that opens its stream. When that resolves the
 * stream goes on with what it has subscribed to. When it rejects, the stream ends with that error.
 *
 * @param toMessage its result is kept with the update, for all to whom the same object is sent
 */
export function stream<I extends DescMessage, O extends DescMessage, Update extends object>(
  method: DescMethod & DescMethodServerStreaming<I, O>,
  toMessage: (update: Update) => MessageInitShape<O>,
  open: (request: MessageShape<I>, caller: Caller, outlet: Outlet<Update>) => Promise<void>,
): StreamRpc {
  const encoded = new WeakMap<Update, Buffer>()
  function encodeOnce(update: Update): Buffer {
    const bytes = encoded.get(update) ?? encode(method.output, toMessage(update))
    encoded.set(update, bytes)
    return bytes
  }
  return {
    kind: 'stream',
    method,
    open: (request, caller, outlet) =>
      open(decode(method.input, request), caller, {
        ...outlet,
        send: (update) => outlet.send(encodeOnce(update)),
      }),
  }
}

function encode<O extends DescMessage>(schema: O, message: MessageInitShape<O>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(schema, create(schema, message))
  return Buffer.from(buffer, byteOffset, byteLength)
}

function decode<I extends DescMessage>(schema: I, bytes: Uint8Array): MessageShape<I> {
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw new AuthError('invalid-request', `the request is not a ${schema.typeName}`, {
      hint: 'are hub and client of versions that go together?',
      cause,
    })
  }
}
