import type { Node } from '../../../gen/mezite/v1/node_pb.js'
import { formatJson, formatParameter } from '../../output-format.ts'
import { formatDetails, formatTable } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { lockListing } from '../lock-view.ts'
import { READMISSION_COLUMNS } from '../readmission-view.ts'
import { timeText } from '../wire-values.ts'
import { nodeNameParameter } from './parameters.ts'
import { labelsText, nodeJson, nodeStateText } from './view.ts'

export const nodesShow = defineVerb({
  name: 'show',
  summary: 'show all about one node',
  description:
    'Shows a node: its labels, the names and addresses in its host certificate, until when that and its identity are good, and the locks on it.',
  parameters: { ...nodeNameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl nodes show web-server-01', does: 'one node' }],
  seeAlso: ['mezctl access ls', 'mezctl sessions ls', 'mezctl nodes update'],
  async run(values, invocation) {
    const { node } = await withHub(values, invocation, (hub, options) =>
      hub.nodes.getNode({ name: values.name }, options),
    )
    if (!node) throw new Error('the hub sent no node')
    invocation.stdout.write(values.format === 'json' ? formatJson(nodeJson(node)) : nodeText(node))
  },
})

function nodeText(node: Node): string {
  const details = formatDetails([
    ['Node', node.name],
    ['State', nodeStateText(node)],
    ['Labels', labelsText(node.labels) || 'none'],
    ['Hosts', node.hosts.join(', ')],
    ['Port', String(node.port)],
    ['Address', node.address],
    ['Last seen', timeText(node.lastSeen) ?? 'never'],
    ['Joined', timeText(node.joinedAt) ?? ''],
    ['Instance', node.instanceId],
    ['Generation', String(node.generation)],
    ['Host certificate', until(timeText(node.hostCertificateExpiresAt))],
    ['Identity', until(timeText(node.identityExpiresAt))],
    ['mezd', node.clientVersion],
    ['sshd', node.sshdVersion],
  ])
  const locks = node.locks.length > 0 ? `\n${formatTable(lockListing.columns, node.locks)}` : ''
  const { readmission } = node
  const readmitted = readmission ? `\n${formatTable(READMISSION_COLUMNS, [readmission])}` : ''
  return details + readmitted + locks
}

function until(time: string | null): string {
  return time === null ? '' : `until ${time}`
}
