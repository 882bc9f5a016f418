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
import { nodeNameParameter } from './parameters.ts'

export const nodesReadmit = defineVerb({
  name: 'readmit',
  summary: 'let a node renew although its identity has expired',
  description:
    'For a node that was off, or out of touch with the hub, for longer than its identity lives, seven days: it renews once more with what it has, and stays the same node. Whoever holds a copy of its state directory could do so in its place, and is then found out when the other one tries. The node itself needs nothing: its agent keeps trying.',
  parameters: {
    ...nodeNameParameter,
    ...readmissionParameters,
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [
    { command: 'mezctl nodes readmit web-server-01', does: 'within ten minutes, once' },
    { command: 'mezctl nodes readmit web-server-01 --cancel', does: 'take it back' },
  ],
  seeAlso: ['mezctl nodes show', 'mezctl nodes ls', 'mezctl tokens create'],
  async run(values, invocation) {
    const { name, ttl, cancel, format } = values
    checkReadmission(values)
    const text = await withHub(values, invocation, async (hub, options) => {
      if (cancel) {
        const { cancelled } = await hub.nodes.cancelNodeReadmission({ name }, options)
        return format === 'json'
          ? formatJson({ cancelled: cancelled.map(readmissionJson) })
          : cancelledText(name, cancelled)
      }
      const request = { name, ...(ttl !== undefined && { ttl: toSeconds(ttl) }) }
      const { readmission } = await hub.nodes.readmitNode(request, options)
      if (!readmission) throw new Error('the hub sent no readmission')
      return format === 'json'
        ? formatJson({ readmission: readmissionJson(readmission) })
        : grantedText(name, [readmission])
    })
    invocation.stdout.write(text)
  },
})
