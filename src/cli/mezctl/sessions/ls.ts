import { optional } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'
import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { limitParameter, printList } from '../listing.ts'
import { sessionListing } from './view.ts'

export const sessionsLs = defineVerb({
  name: 'ls',
  summary: 'list the sessions that are open now',
  description:
    'Lists who is in now, as the nodes report it: where, as which login, from which address and since when. What a node that is cut off reports comes late.',
  parameters: {
    bot: optional(text('NAME'), { help: "this bot's only" }),
    node: optional(text('NAME'), { help: 'on this node only' }),
    limit: limitParameter,
    ...formatParameter,
    ...hubParameters,
  },
  examples: [{ command: 'mezctl sessions ls --bot github-deploy', does: 'where it is in' }],
  seeAlso: ['mezctl sessions end', 'mezctl audit ls --type session.end'],
  async run(values, invocation) {
    const { bot = '', node = '', limit = 0 } = values
    const filter = { bot, node, limit }
    const { sessions } = await withHub(values, invocation, (hub, options) =>
      hub.sessions.listSessions(filter, options),
    )
    printList(sessionListing, sessions, values.format, invocation)
  },
})
