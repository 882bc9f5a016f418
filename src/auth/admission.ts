/** What a join and a renewal have in common: the bot as it stands, and whether it may come in. */
import type { Role } from '../policy/role.ts'
import type { AuthContext } from './context.ts'
import { lockOn } from './locks.ts'
import type { BotRecord } from './records.ts'
import { botRemoved, locked } from './refusals.ts'
import type { Roles } from './roles.ts'

export interface AdmittedBot {
  readonly bot: BotRecord
  readonly roles: readonly Role[]
}

/**
 * The bot, its roles, and that no lock is on it or on this instance of it. Whoever commits on this
 * ground adds `expect-bot` with the revision seen, so that a lock set in between wins.
 *
 * @throws AuthError `bot-removed`, `bot-locked`, `instance-locked`
 */
export async function admitBot(
  { store, clock }: AuthContext,
  roles: Roles,
  name: string,
  instanceId?: string,
): Promise<AdmittedBot> {
  const bot = await store.bots.get(name)
  if (!bot) throw botRemoved(name)
  const lock = lockOn(await store.locks.listForBot(name), clock.now(), instanceId)
  if (lock) throw locked(lock)
  return { bot, roles: await roles.resolve(bot.roles) }
}
