import type {
  DescMessage,
  DescMethod,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import type { HubChannel } from './channel.ts'
import { callUnary, type UnaryOptions } from './unary-call.ts'

/** The unary methods of a generated service as functions, by their lower camel case names. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Service['method'][Name] extends DescMethodUnary<
    infer Input,
    infer Output
  >
    ? UnaryMethod<Input, Output>
    : never
}

/** Rejects with a HubError, or with the signal's reason when aborted. */
export type UnaryMethod<Input extends DescMessage, Output extends DescMessage> = (
  request: MessageInitShape<Input>,
  options?: UnaryOptions,
) => Promise<MessageShape<Output>>

export function createServiceClient<Service extends DescService>(
  service: Service,
  channel: HubChannel,
): ServiceClient<Service> {
  const calls = service.methods.filter(isUnary).map((method) => {
    const call: UnaryMethod<DescMessage, DescMessage> = (request, options) =>
      callUnary(channel, method, request, options)
    return [method.localName, call] as const
  })
  // The names and shapes come from the same descriptor, which only the generated types know.
  return Object.fromEntries(calls) as ServiceClient<Service>
}

function isUnary(method: DescMethod): method is DescMethod & DescMethodUnary {
  return method.methodKind === 'unary'
}
