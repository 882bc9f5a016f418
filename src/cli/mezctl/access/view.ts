import type { AccessRow, LoginGrant } from '../../../gen/mezite/v1/node_pb.js'
import type { Listing } from '../listing.ts'

export function optionsJson(grant: LoginGrant) {
  return {
    port_forwarding: grant.portForwarding,
    file_copy: grant.fileCopy,
    pty: grant.pty,
    source_cidrs: grant.sourceCidrs,
    force_command: grant.forceCommand || null,
  }
}

/** `pty, file copy, from 10.0.0.0/8`: what a session may do, then what it is held to. */
function optionsText(grant: LoginGrant): string {
  const { portForwarding, fileCopy, pty, sourceCidrs, forceCommand } = grant
  return [
    pty ? 'pty' : '',
    fileCopy ? 'file copy' : '',
    portForwarding ? 'port forwarding' : '',
    sourceCidrs.length > 0 ? `from ${sourceCidrs.join(' ')}` : '',
    forceCommand ? `only ${JSON.stringify(forceCommand)}` : '',
  ]
    .filter((it) => it !== '')
    .join(', ')
}

export const accessListing: Listing<AccessRow> = {
  columns: [
    { header: 'BOT', cell: ({ bot }) => bot },
    { header: 'NODE', cell: ({ node }) => node },
    { header: 'LOGIN', cell: ({ grant }) => grant?.login ?? '' },
    { header: 'OPTIONS', cell: ({ grant }) => (grant ? optionsText(grant) : '') },
  ],
  toJson: ({ bot, node, grant }) => ({
    bot,
    node,
    login: grant?.login ?? null,
    options: grant ? optionsJson(grant) : null,
  }),
  empty: 'Nobody may enter.',
}
