import { optional, withDefault } from '../../../base/parameter.ts'
import { integer, text } from '../../../base/value-kind.ts'
import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { allPages, printList } from '../listing.ts'
import { accessListing } from './view.ts'

export const accessLs = defineVerb({
  name: 'ls',
  summary: 'list who may enter where',
  description:
    'Lists every bot with every node that it may enter, as which login and with which options. The list can be as long as there are bots times nodes: it stops at its limit and says so.',
  parameters: {
    bot: optional(text('NAME'), { help: 'where this bot may enter', defaultText: 'every bot' }),
    node: optional(text('NAME'), { help: 'who may enter this node', defaultText: 'every node' }),
    limit: withDefault(integer(1, 1_000_000), '1000', { help: 'stop after so many' }),
    ...formatParameter,
    ...hubParameters,
  },
  examples: [
    { command: 'mezctl access ls --node web-server-01', does: 'who may enter there' },
    { command: 'mezctl access ls --bot github-deploy', does: 'where it may enter' },
  ],
  seeAlso: ['mezctl access check', 'mezctl nodes ls', 'mezctl bots ls', 'msh ls'],
  async run(values, invocation) {
    const { limit, format } = values
    const filter = { bot: values.bot ?? '', node: values.node ?? '' }
    // One more than is shown tells whether there are more.
    const rows = await withHub(values, invocation, (hub, options) =>
      allPages(limit + 1, async (page) => {
        const { rows: items, nextPageToken } = await hub.access.listAccess(
          { ...filter, ...page },
          options,
        )
        return { items, nextPageToken }
      }),
    )
    printList(accessListing, rows.slice(0, limit), format, invocation)
    if (rows.length > limit) {
      invocation.stderr.write(
        'There are more: narrow the list with --bot or --node, or raise --limit\n',
      )
    }
  },
})
