import { optional, required } from '../../base/parameter.ts'
import { address, text } from '../../base/value-kind.ts'

const HUB = 'Hub:'

/** Where the hub is, by what it is recognised, and the token for the first contact. */
export function hubParameters(tokenHelp: string) {
  return {
    authServer: required(address(3025), {
      help: 'address of the Mezite auth service (gRPC, port 3025)',
      group: HUB,
    }),
    joinToken: optional(text('TOKEN'), {
      help: tokenHelp,
      secret: true,
      usedOnce: true,
      group: HUB,
    }),
    caFile: optional(text('FILE'), {
      help: 'recognise the hub by these root certificates (PEM), or by the public ones: system',
      defaultText: "by the join token's pin, then by the cluster's own CA",
      group: HUB,
    }),
  }
}
