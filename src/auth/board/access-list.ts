import type { Grant } from '../../policy/grants.ts'
import type { AccessState } from './access-state.ts'
import type { BotEntry, Group } from './bot-groups.ts'
import { evaluateAccess } from './evaluate-access.ts'
import type { NodeEntry } from './node-index.ts'

/** One login of one bot on one node. */
export interface AccessRow {
  readonly bot: string
  readonly node: string
  readonly grant: Grant
}

/** Where a row stands: rows are in the order of bot, node and login. */
export type AccessKey = Pick<AccessRow, 'bot' | 'node'> & { readonly login: string }

/** The first rows of these bots and nodes, both sorted by name, that come after `after`. */
export function listRows(
  state: AccessState,
  bots: readonly BotEntry[],
  nodes: readonly NodeEntry[],
  { after, limit }: { readonly after?: AccessKey | undefined; readonly limit: number },
): readonly AccessRow[] {
  const page: AccessRow[] = []
  for (const row of rows(state, bots, nodes, after)) {
    if (page.length >= limit) break
    page.push(row)
  }
  return page
}

function* rows(
  state: AccessState,
  bots: readonly BotEntry[],
  nodes: readonly NodeEntry[],
  after: AccessKey | undefined,
): Iterable<AccessRow> {
  const entered = new Map<Group, readonly NodeEntry[]>()
  for (const bot of bots) {
    if (after && bot.name < after.bot) continue
    const { group } = bot
    const own =
      entered.get(group) ?? nodes.filter(({ view }) => state.grants(group, view).grants.length > 0)
    entered.set(group, own)
    for (const node of own) {
      const isLast = bot.name === after?.bot
      if (after && isLast && node.name < after.node) continue
      for (const grant of evaluateAccess(state, bot, node)) {
        if (after && isLast && node.name === after.node && grant.login <= after.login) continue
        yield { bot: bot.name, node: node.name, grant }
      }
    }
  }
}
