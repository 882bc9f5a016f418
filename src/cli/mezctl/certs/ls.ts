import { optional, withDefault } from '../../../base/parameter.ts'
import { boolean, choice, duration, text } from '../../../base/value-kind.ts'
import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { allPages, limitParameter, printList } from '../listing.ts'
import { toSeconds } from '../wire-values.ts'
import { certificateListing } from './view.ts'

export const certsLs = defineVerb({
  name: 'ls',
  summary: 'list certificates, those first that expire soonest',
  description:
    'Lists the newest certificate of each instance of a bot and of each node: whose it is, until when, and whether all is well with it. overdue: it should have been renewed by now. expiring: less than a fifth of its life is left. revoked: a lock keeps its holder out. Expired ones are listed with --state=expired only.',
  parameters: {
    bot: optional(text('NAME'), { help: "this bot's only" }),
    node: optional(text('NAME'), { help: "this node's only" }),
    kind: optional(choice('user', 'host'), { help: 'of bots, or of nodes, only' }),
    state: optional(choice('valid', 'expiring', 'overdue', 'expired', 'revoked'), {
      help: 'in this state only',
    }),
    expiringWithin: optional(duration, { help: 'that expire within this time only: 10m' }),
    older: withDefault(boolean, 'false', {
      help: 'also those that were replaced by a newer one and are still valid',
    }),
    limit: limitParameter,
    ...formatParameter,
    ...hubParameters,
  },
  examples: [
    { command: 'mezctl certs ls', does: 'who can do something now' },
    { command: 'mezctl certs ls --state overdue', does: 'which machines have stopped to renew' },
    { command: 'mezctl certs ls --expiring-within 10m', does: 'what ends soon' },
    {
      command: 'mezctl certs ls --bot github-deploy --older',
      does: 'all that may be in the wrong hands when a machine is',
    },
  ],
  seeAlso: ['mezctl bots ls', 'mezctl nodes ls', 'mezctl top'],
  async run(values, invocation) {
    const { kind, bot, node, state, expiringWithin, older } = values
    const filter = {
      ...{ kind: kind ?? '', bot: bot ?? '', node: node ?? '', state: state ?? '', older },
      ...(expiringWithin !== undefined && { expiringWithin: toSeconds(expiringWithin) }),
    }
    const certificates = await withHub(values, invocation, (hub, options) =>
      allPages(values.limit, async (page) => {
        const answer = await hub.certificates.listCertificates({ ...filter, ...page }, options)
        return { items: answer.certificates, nextPageToken: answer.nextPageToken }
      }),
    )
    printList(certificateListing, certificates, values.format, invocation)
  },
})
