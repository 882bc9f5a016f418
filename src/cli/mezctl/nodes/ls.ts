import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { allPages, limitParameter, printList } from '../listing.ts'
import { nodeListing } from './view.ts'

export const nodesLs = defineVerb({
  name: 'ls',
  summary: 'list the nodes',
  description:
    'Lists the nodes with their labels, whether their agent is connected, when it was heard of last, and the versions of mezd and of sshd.',
  parameters: { limit: limitParameter, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl nodes ls', does: 'every node' },
    {
      command: `mezctl nodes ls --format json | jq -r '.[] | select(.state == "offline").name'`,
      does: 'those whose agent is away',
    },
  ],
  seeAlso: ['mezctl nodes show', 'mezctl access ls', 'mezctl tokens create'],
  async run(values, invocation) {
    const nodes = await withHub(values, invocation, (hub, options) =>
      allPages(values.limit, async (page) => {
        const { nodes: items, nextPageToken } = await hub.nodes.listNodes(page, options)
        return { items, nextPageToken }
      }),
    )
    printList(nodeListing, nodes, values.format, invocation)
  },
})
