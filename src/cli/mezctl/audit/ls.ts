import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { boolean, integer } from '../../../base/value-kind.ts'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { type HubValues, hubParameters, withHub } from '../connection.ts'
import { filterOf, filterParameters } from './filter.ts'
import { follow } from './follow.ts'
import { printEvents } from './view.ts'

const parameters = {
  ...filterParameters,
  before: optional(integer(1, Number.MAX_SAFE_INTEGER, 'SEQUENCE'), {
    help: 'before the event of this sequence number',
  }),
  limit: withDefault(integer(1, 1_000_000), '100', { help: 'stop after so many' }),
  all: withDefault(boolean, 'false', { help: 'stop after the oldest' }),
  follow: withDefault(boolean, 'false', {
    help: 'go on with each event as it happens, oldest first',
    short: 'f',
  }),
  lines: withDefault(integer(0, 1_000), '10', {
    help: 'with --follow, begin with so many that have happened',
    short: 'n',
  }),
}

type LsValues = Values<typeof parameters> & HubValues

const PAGE_SIZE = 500

export const auditLs = defineVerb({
  name: 'ls',
  summary: 'list audit events, the newest first',
  description:
    'Lists what was done and what was refused: joins, renewals, sessions, administration, and credentials that were used twice. Every act is in the log together with its effect, or neither is. With --follow it goes on with what happens, also over a restart of the hub, and leaves none out.',
  parameters: { ...parameters, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl audit ls --bot github-deploy --since 24h', does: "one bot's last day" },
    { command: 'mezctl audit ls --outcome refused', does: 'what was refused' },
    { command: 'mezctl audit ls --follow', does: 'watch what happens' },
    {
      command: 'mezctl audit ls --node web-server-01 --since 7d --all --format json',
      does: "everything about a node's last week, for a script",
    },
  ],
  seeAlso: ['mezctl audit export', 'mezctl bots show', 'mezctl sessions ls'],
  async run(values, invocation) {
    if (values.follow && (values.all || values.before !== undefined || values.until)) {
      throw new CliError('usage', '--follow has no end: --all, --before and --until do not fit', {
        hint: 'leave out --follow, or what ends the list',
      })
    }
    if (values.follow) await follow(values, invocation)
    else await list(values, invocation)
  },
})

/** Page by page, so that a million of them take no more memory than a page. */
async function list(
  values: LsValues & { readonly format: 'text' | 'json' },
  invocation: Invocation,
): Promise<void> {
  const filter = filterOf(values, invocation.clock.now())
  const most = values.all ? Number.POSITIVE_INFINITY : values.limit
  const printer = printEvents(values.format, invocation)
  let before = BigInt(values.before ?? 0)
  let listed = 0
  await withHub(values, invocation, async (hub, options) => {
    do {
      const pageSize = Math.min(PAGE_SIZE, most - listed)
      const page = await hub.audit.listEvents({ filter, pageSize, before }, options)
      printer.print(page.events)
      listed += page.events.length
      before = page.nextBefore
    } while (before !== 0n && listed < most)
  })
  printer.end()
  if (before !== 0n && values.format === 'text') {
    invocation.stderr.write(`There may be older events: --before=${before}\n`)
  }
}
