import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { allPages, limitParameter, printList } from '../listing.ts'
import { botListing } from './view.ts'

export const botsLs = defineVerb({
  name: 'ls',
  summary: 'list the bots',
  description:
    'Lists the bots with their roles, how many instances each has (machines that joined as it), when the last of them was seen, when the next one is expected to renew, and whether it is locked, late, or has let every certificate expire.',
  parameters: { limit: limitParameter, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl bots ls', does: 'every bot' },
    {
      command: `mezctl bots ls --format json | jq -r '.[] | select(.state == "locked").name'`,
      does: 'the locked ones',
    },
  ],
  seeAlso: ['mezctl bots show', 'mezctl bots instances'],
  async run(values, invocation) {
    const bots = await withHub(values, invocation, (hub, options) =>
      allPages(values.limit, async (page) => {
        const { bots: items, nextPageToken } = await hub.bots.listBots(page, options)
        return { items, nextPageToken }
      }),
    )
    printList(botListing, bots, values.format, invocation)
  },
})
