/**
 * Joins the generated messages to grpc-js, for both ends of the wire: services as grpc-js knows
 * them, and (error-trailers.ts) the errors that travel in their trailers.
 */

import type { DescMessage, DescMethod, DescService, Message } from '@bufbuild/protobuf'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

/** `mezite.v1.BotService/CreateBot`: the name of an RPC, as in access tables and logs. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`
}

/** The `:path` of an RPC over HTTP/2. */
export function methodPath(method: DescMethod): string {
  return `/${methodName(method)}`
}

/** A generated service in grpc-js's terms, its methods by their local (lower camel case) names. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [method.localName, methodDefinition(method)]),
  )
}

export function methodDefinition(method: DescMethod): MethodDefinition<Message, Message> {
  const { methodKind } = method
  return {
    path: methodPath(method),
    originalName: method.localName,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: encoder(method.input),
    requestDeserialize: decoder(method.input),
    responseSerialize: encoder(method.output),
    responseDeserialize: decoder(method.output),
  }
}

function encoder(schema: DescMessage): (message: Message) => Buffer {
  return (message) => Buffer.from(toBinary(schema, message))
}

function decoder(schema: DescMessage): (bytes: Buffer) => Message {
  return (bytes) => fromBinary(schema, bytes)
}
