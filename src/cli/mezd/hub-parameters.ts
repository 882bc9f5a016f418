import { type Address, formatAddress } from '../../base/address.ts'
import { optional, required } from '../../base/parameter.ts'
import { address, list, text } from '../../base/value-kind.ts'
import type { HubAddress } from '../../client/identity-hub.ts'
import { CliError } from '../cli-error.ts'

const HUB = 'Hub:'

/** Where the hub is, by what it is recognised, and the token for the first contact. */
export function hubParameters(tokenHelp: string) {
  return {
    authServer: required(list(address(3025)), {
      help: 'address of the Mezite auth service (gRPC, port 3025); of several hubs of one cluster all',
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

/** The first one, with the others behind it. */
export function hubAddress([first, ...others]: readonly Address[]): HubAddress {
  if (first === undefined)
    throw new CliError('usage', 'no hub is named', { hint: 'give --auth-server' })
  return others.length === 0 ? first : { ...first, others }
}

export function formatHubAddress(address: HubAddress): string {
  return [address, ...(address.others ?? [])].map(formatAddress).join(',')
}
