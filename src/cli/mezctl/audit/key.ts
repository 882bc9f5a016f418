import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'

export const auditKey = defineVerb({
  name: 'key',
  summary: 'print the public key of the audit log',
  description:
    'Prints the public half of the key with which the hub signs its audit log, as an SSH public key. Keep it where you verify exports: with it, nobody needs to trust whoever hands them over.',
  parameters: { ...formatParameter, ...hubParameters },
  examples: [{ command: 'mezctl audit key > mezite-audit.pub', does: 'keep it' }],
  seeAlso: ['mezctl audit verify', 'mezctl audit checkpoint'],
  async run(values, invocation) {
    const { publicKey, fingerprint } = await withHub(values, invocation, (hub, options) =>
      hub.audit.getAuditKey({}, options),
    )
    invocation.stdout.write(
      values.format === 'json'
        ? formatJson({ public_key: publicKey, fingerprint })
        : `${printable(publicKey)}\n`,
    )
  },
})
