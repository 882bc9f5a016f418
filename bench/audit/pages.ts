/** The first hundred events that pass a filter, as `mezctl audit ls` asks for them. */
import { systemClock } from '../../src/base/clock.ts'
import { type AdminClient, openAdminClient } from '../../src/client/admin-client.ts'
import { toTimestamp } from '../../src/rpc/times.ts'
import { type Row, rowOf } from '../scale/row.ts'
import { botAt, instanceOf, nodeAt, RARE_BOT, SPAN } from './log.ts'

const PAGE = 100
export const PAGE_LIMIT_MS = 100

type Filter = Parameters<AdminClient['audit']['listEvents']>[0]['filter']

function filters(count: number): readonly { what: string; filter: Filter; before?: bigint }[] {
  const bot = botAt(7)
  const middle = toTimestamp(systemClock.now() - SPAN / 2)
  return [
    { what: 'the newest', filter: {} },
    { what: 'from the middle', filter: {}, before: BigInt(Math.floor(count / 2)) },
    { what: 'of a type', filter: { type: 'session.end' } },
    { what: 'of a rare type', filter: { type: 'role.update' } },
    { what: 'of a type that never was', filter: { type: 'hub.restore' } },
    { what: 'of a bot', filter: { bot } },
    { what: 'of a bot seen 40 days ago', filter: { bot: RARE_BOT } },
    { what: 'of an instance', filter: { instanceId: instanceOf(bot) } },
    { what: 'of a node', filter: { node: nodeAt(7) } },
    { what: 'of a session', filter: { session: `${nodeAt(4_000)}/4000` } },
    { what: 'of an actor', filter: { actor: 'admin:alice' } },
    { what: 'that were refused', filter: { outcome: 'refused' } },
    { what: 'of a bot, refused', filter: { bot: botAt(9), outcome: 'refused' } },
    { what: "a bot's sessions", filter: { bot, type: 'session.start' } },
    { what: 'of a bot, a type that never was', filter: { bot, type: 'role.update' } },
    { what: 'of a node, refused', filter: { node: nodeAt(7), outcome: 'refused' } },
    { what: 'before a time', filter: { until: middle } },
    { what: 'of a bot, before a time', filter: { bot, until: middle } },
  ]
}

export async function measurePages(
  socket: string,
  count: number,
  rounds: number,
): Promise<readonly Row[]> {
  const admin = await openAdminClient({ kind: 'unix', path: socket })
  try {
    const rows: Row[] = []
    for (const { what, filter, before = 0n } of filters(count)) {
      const runs: number[] = []
      let found = 0
      for (let round = 0; round < rounds; round++) {
        const start = systemClock.monotonic()
        found = await firstEvents(admin, filter, before)
        runs.push(systemClock.monotonic() - start)
      }
      const note = found < PAGE ? `there are ${found}` : undefined
      const limit = PAGE_LIMIT_MS
      rows.push(rowOf({ what: `a page of events ${what}`, unit: 'ms', runs, limit, note }))
    }
    return rows
  } finally {
    admin.close()
  }
}

/** However many pages of the hub that takes. */
async function firstEvents(admin: AdminClient, filter: Filter, from: bigint): Promise<number> {
  let before = from
  let found = 0
  do {
    const request = { filter, before, pageSize: PAGE - found }
    const page = await admin.audit.listEvents(request)
    found += page.events.length
    before = page.nextBefore
  } while (before !== 0n && found < PAGE)
  return found
}
