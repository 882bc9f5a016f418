import { formatJson, formatParameter } from '../../output-format.ts'
import { printableLines } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'

export const auditCheckpoint = defineVerb({
  name: 'checkpoint',
  summary: 'have the hub sign its newest audit event, and print that',
  description:
    'Prints a checkpoint: the number and hash of the newest event, signed by the hub. Kept on another machine, it proves later that up to there nothing was changed or cut off, even by whoever had the hub and its keys. ssh-keygen -Y verify can check the signature too.',
  parameters: { ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl audit checkpoint > checkpoint.txt', does: 'keep one' },
    { command: 'mezctl audit verify --checkpoint checkpoint.txt', does: 'compare with it later' },
  ],
  seeAlso: ['mezctl audit verify'],
  async run(values, invocation) {
    const { checkpoint } = await withHub(values, invocation, (hub, options) =>
      hub.audit.createCheckpoint({}, options),
    )
    const { stdout } = invocation
    if (values.format === 'text') {
      stdout.write(printableLines(checkpoint))
      return
    }
    const { parseCheckpoint } = await import('../../../auth/audit-checkpoint.ts')
    const parsed = parseCheckpoint(checkpoint)
    const { sequence, hash, time, signature } = parsed.checkpoint
    stdout.write(
      formatJson({
        cluster: parsed.clusterId,
        sequence,
        hash: hash.toString('hex'),
        time: new Date(time).toISOString(),
        signature: signature.toString('base64'),
      }),
    )
  },
})
