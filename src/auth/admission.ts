/** What a join and a renewal have in common: the bot as it stands, and whether it may come in. */
import type { Role } from '../policy/role.ts'
import type { BoardContext } from './context.ts'
import { lockOn } from './locks.ts'
import type { BotRecord } from './records.ts'
import { botRemoved, locked } from './refusals.ts'
import type { Roles } from './roles.ts'
import { StoreError } from './storage.ts'

export interface AdmittedBot {
  readonly bot: BotRecord
  /** What locks on roles and logins leave of them. */
  readonly roles: readonly Role[]
  /** As the board had them before the roles were read. */
  readonly restrictions: number
}

/**
 * The bot, its roles, and that no lock is on it or on this instance of it. Whoever commits on this
 * ground adds `expect-bot` with the revision seen, so that a lock set in between wins.
 *
 * @throws AuthError `bot-removed`, `bot-locked`, `instance-locked`
 */
export async function admitBot(
  { store, clock, board }: BoardContext,
  roles: Roles,
  name: string,
  instanceId?: string,
): Promise<AdmittedBot> {
  const { restrictions } = board
  const bot = await store.bots.get(name)
  if (!bot) throw botRemoved(name)
  const lock = lockOn(await store.locks.listForBot(name), clock.now(), instanceId)
  if (lock) throw locked(lock)
  const held = await roles.resolve(bot.roles)
  return { bot, roles: held.map((role) => board.restrict(role)), restrictions }
}

/**
 * After the commit of an issue: what the certificate carries is still what the bot may have. A role
 * that was edited or locked in between would show in no revision that the commit could rest on, so
 * the act is decided anew, and what was issued never leaves.
 *
 * @throws StoreError `conflict`
 */
export function requireSameRoles({ board }: BoardContext, { restrictions }: AdmittedBot): void {
  if (board.restrictions === restrictions) return
  throw new StoreError('conflict', 'roles', 'the roles were changed or locked in the meantime')
}
