/**
 * What both ends of the wire share: how an RPC is named, the errors that travel in its trailers
 * (error-trailers.ts), and times (times.ts). Messages cross grpc-js as bytes; each end encodes and
 * decodes them itself, so that one that can't be read is an error of its own.
 */
import type { DescMethod } from '@bufbuild/protobuf'

/** `mezite.v1.BotService/CreateBot`, as in the access table and in logs. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`
}

/** The `:path` of an RPC over HTTP/2. */
export function methodPath(method: DescMethod): string {
  return `/${methodName(method)}`
}
