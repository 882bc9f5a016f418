import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { choice, integer, text } from '../../../base/value-kind.ts'
import type { AuditEvent } from '../../../gen/mezite/v1/admin_pb.js'
import { moment, timeOf } from '../../moment.ts'
import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { printList } from '../listing.ts'
import { toSeconds } from '../wire-values.ts'
import { eventListing } from './view.ts'

const filterParameters = {
  type: optional(text('TYPE'), { help: 'events of this type only: bot.join' }),
  bot: optional(text('NAME'), { help: 'events about this bot only' }),
  instance: optional(text('UUID'), { help: 'events about this instance only' }),
  outcome: optional(choice('success', 'refused'), { help: 'with this outcome only' }),
  since: optional(moment, { help: 'not before: 2026-03-24T15:00:00Z, or 1h for an hour ago' }),
  until: optional(moment, { help: 'before this time' }),
  before: optional(integer(1, Number.MAX_SAFE_INTEGER, 'SEQUENCE'), {
    help: 'before the event of this sequence number',
  }),
  limit: withDefault(integer(1, 1_000_000), '100', { help: 'stop after so many' }),
}

const PAGE_SIZE = 500

export const auditLs = defineVerb({
  name: 'ls',
  summary: 'list audit events, the newest first',
  description:
    'Lists what was done and what was refused: joins, renewals, administration, and credentials that were used twice. Every act is in the log together with its effect, or neither is.',
  parameters: { ...filterParameters, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl audit ls --bot github-deploy --since 24h', does: "one bot's last day" },
    { command: 'mezctl audit ls --outcome refused', does: 'what was refused' },
  ],
  seeAlso: ['mezctl bots show', 'mezctl locks ls'],
  async run(values, invocation) {
    const filter = filterOf(values, invocation.clock.now())
    const events: AuditEvent[] = []
    let before = BigInt(values.before ?? 0)
    await withHub(values, invocation, async (hub, options) => {
      do {
        const pageSize = Math.min(PAGE_SIZE, values.limit - events.length)
        const page = await hub.audit.listEvents({ ...filter, pageSize, before }, options)
        events.push(...page.events)
        before = page.nextBefore
      } while (before !== 0n && events.length < values.limit)
    })
    printList(eventListing, events, values.format, invocation)
    if (before !== 0n && values.format === 'text') {
      invocation.stderr.write(`There are older events: --before=${before}\n`)
    }
  },
})

function filterOf(values: Values<typeof filterParameters>, now: number) {
  const { since, until, instance, type, bot, outcome } = values
  return {
    type: type ?? '',
    bot: bot ?? '',
    instanceId: instance ?? '',
    outcome: outcome ?? '',
    ...(since && { since: toSeconds(timeOf(since, now)) }),
    ...(until && { until: toSeconds(timeOf(until, now)) }),
  }
}
