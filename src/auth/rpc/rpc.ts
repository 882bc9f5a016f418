import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { Caller } from '../caller.ts'
import { AuthError } from '../errors.ts'

/** One RPC of the hub: bytes in, bytes out, for a caller who may make it. */
export interface Rpc {
  readonly method: DescMethod
  /** @throws AuthError; anything else is a failure of the hub */
  answer(request: Uint8Array, caller: Caller): Promise<Buffer>
}

/** Joins a unary method to the function that does what it says. */
export function rpc<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & DescMethodUnary<I, O>,
  handle: (request: MessageShape<I>, caller: Caller) => Promise<MessageInitShape<O>>,
): Rpc {
  return {
    method,
    async answer(request, caller) {
      const reply = await handle(decode(method.input, request), caller)
      return Buffer.from(toBinary(method.output, create(method.output, reply)))
    },
  }
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
