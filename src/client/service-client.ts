import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import type { HubChannel } from './channel.ts'
import { callServerStream, type StreamOptions } from './server-stream.ts'
import { callUnary, type UnaryOptions } from './unary-call.ts'

/** The methods of a generated service as functions, by their lower camel case names. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Service['method'][Name] extends DescMethodUnary<
    infer Input,
    infer Output
  >
    ? UnaryMethod<Input, Output>
    : Service['method'][Name] extends DescMethodServerStreaming<infer Input, infer Output>
      ? StreamMethod<Input, Output>
      : never
}

/** Rejects with a HubError, or with the signal's reason when aborted. */
export type UnaryMethod<Input extends DescMessage, Output extends DescMessage> = (
  request: MessageInitShape<Input>,
  options?: UnaryOptions,
) => Promise<MessageShape<Output>>

/** See `callServerStream`. */
export type StreamMethod<Input extends DescMessage, Output extends DescMessage> = (
  request: MessageInitShape<Input>,
  options?: StreamOptions,
) => AsyncGenerator<MessageShape<Output>, void, undefined>

export function createServiceClient<Service extends DescService>(
  service: Service,
  channel: HubChannel,
): ServiceClient<Service> {
  const unary = service.methods.filter(isUnary).map((method) => {
    const call: UnaryMethod<DescMessage, DescMessage> = (request, options) =>
      callUnary(channel, method, request, options)
    return [method.localName, call] as const
  })
  const streams = service.methods.filter(isServerStreaming).map((method) => {
    const call: StreamMethod<DescMessage, DescMessage> = (request, options) =>
      callServerStream(channel, method, request, options)
    return [method.localName, call] as const
  })
  // The names and shapes come from the same descriptor, which only the generated types know.
  return Object.fromEntries([...unary, ...streams]) as ServiceClient<Service>
}

function isServerStreaming(method: DescMethod): method is DescMethod & DescMethodServerStreaming {
  return method.methodKind === 'server_streaming'
}

function isUnary(method: DescMethod): method is DescMethod & DescMethodUnary {
  return method.methodKind === 'unary'
}
