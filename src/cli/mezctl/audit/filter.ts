/** Which events: what `ls` and `ls --follow` share. */
import { optional, type Values } from '../../../base/parameter.ts'
import { choice, text } from '../../../base/value-kind.ts'
import { moment, timeOf } from '../../moment.ts'
import { toSeconds } from '../wire-values.ts'

export const filterParameters = {
  type: optional(text('TYPE'), { help: 'events of this type only: bot.join' }),
  bot: optional(text('NAME'), { help: 'events about this bot only' }),
  instance: optional(text('UUID'), { help: 'events about this instance only' }),
  node: optional(text('NAME'), { help: 'events about this node only' }),
  session: optional(text('ID'), { help: 'events about this session only: NODE/ID' }),
  actor: optional(text('ACTOR'), {
    help: 'what this one did: local, admin:NAME, bot:NAME, node:NAME, hub or anyone',
  }),
  outcome: optional(choice('success', 'refused'), { help: 'with this outcome only' }),
  since: optional(moment, { help: 'not before: 2026-03-24T15:00:00Z, or 1h for an hour ago' }),
  until: optional(moment, { help: 'before this time' }),
}

export type FilterValues = Values<typeof filterParameters>

export function filterOf(values: FilterValues, now: number) {
  const { since, until, instance, type, bot, node, session, actor, outcome } = values
  return {
    type: type ?? '',
    actor: actor ?? '',
    bot: bot ?? '',
    instanceId: instance ?? '',
    node: node ?? '',
    session: session ?? '',
    outcome: outcome ?? '',
    ...(since && { since: toSeconds(timeOf(since, now)) }),
    ...(until && { until: toSeconds(timeOf(until, now)) }),
  }
}
