import { optional } from '../../../base/parameter.ts'
import { list, text } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import {
  cancelledText,
  checkReadmission,
  grantedText,
  readmissionJson,
  readmissionParameters,
} from '../readmission-view.ts'
import { toSeconds } from '../wire-values.ts'
import { nameParameter } from './parameters.ts'

export const botsReadmit = defineVerb({
  name: 'readmit',
  summary: 'let an instance renew although its identity has expired',
  description:
    'For a machine that was off, or out of touch with the hub, for longer than its identity lives: it renews once more with what it has, and goes on as the same instance. Whoever holds a copy of its state directory could do so in its place, and is then found out when the other one tries. The machine itself needs nothing: its daemon keeps trying.',
  parameters: {
    ...nameParameter,
    instance: optional(list(text('UUID')), {
      help: 'the instances that are meant',
      defaultText: 'the only one whose identity has expired',
    }),
    ...readmissionParameters,
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [
    { command: 'mezctl bots readmit github-deploy', does: 'its one instance that has expired' },
    {
      command:
        'mezctl bots readmit github-deploy --instance=0f6ec1c8-5a1e-4f0e-9d5c-6d2b7b3c1a20 --ttl=1h',
      does: 'this one, within an hour',
    },
    { command: 'mezctl bots readmit github-deploy --cancel', does: 'take it back' },
  ],
  seeAlso: ['mezctl bots instances', 'mezctl bots show', 'mezctl bots rotate-token'],
  async run(values, invocation) {
    const { name, instance: instanceIds = [], ttl, cancel, format } = values
    checkReadmission(values)
    const text = await withHub(values, invocation, async (hub, options) => {
      const about = { name, instanceIds: [...instanceIds] }
      if (cancel) {
        const { cancelled } = await hub.bots.cancelReadmission(about, options)
        return format === 'json'
          ? formatJson({ cancelled: cancelled.map(readmissionJson) })
          : cancelledText(name, cancelled)
      }
      const request = { ...about, ...(ttl !== undefined && { ttl: toSeconds(ttl) }) }
      const { readmissions } = await hub.bots.readmitBot(request, options)
      return format === 'json'
        ? formatJson({ readmissions: readmissions.map(readmissionJson) })
        : grantedText(name, readmissions)
    })
    invocation.stdout.write(text)
  },
})
