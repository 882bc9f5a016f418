import type { Authority } from '../../../gen/mezite/v1/admin_pb.js'
import { CliError } from '../../cli-error.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printableLines } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { whichCa } from './types.ts'
import { authorityJson } from './view.ts'

export const caExport = defineVerb({
  name: 'export',
  summary: "print a CA's public key or certificate",
  description:
    "Prints the public half of one of the CAs, ready for a file: the User CA as a line for sshd's TrustedUserCAKeys, the Host CA as a key line for known_hosts, the TLS CA as a PEM certificate for --ca-file. While a CA is rotated there are two of them: trust both.",
  parameters: {
    type: whichCa,
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['type'],
  examples: [
    {
      command: 'mezctl ca export --type=user > /etc/ssh/mezite-user-ca.pub',
      does: 'have an sshd trust the bots',
    },
    { command: 'mezctl ca export --type=tls > mezite-ca.pem', does: "for mezd's --ca-file" },
  ],
  seeAlso: ['mezctl ca ls', 'mezctl ca rotate', 'mezd identity start'],
  async run(values, invocation) {
    const { type, format } = values
    const { authorities } = await withHub(values, invocation, (hub, options) =>
      hub.authorities.listAuthorities({ type }, options),
    )
    if (authorities.length === 0) throw new CliError('not-found', `the hub has no ${type} CA`)
    invocation.stdout.write(
      format === 'json' ? formatJson(authorities.map(authorityJson)) : keyLines(authorities),
    )
  },
})

function keyLines(authorities: readonly Authority[]): string {
  return authorities.map(({ publicKey }) => `${printableLines(publicKey.trimEnd())}\n`).join('')
}
