/** Bots: the machines that may join, and their tokens, instances and locks. */

import type { CertificateAccess } from '../policy/certificate-access.ts'
import { certificateAccess } from '../policy/certificate-access.ts'
import { checkName } from '../policy/names.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import type { BoardContext } from './context.ts'
import { eventBy } from './context.ts'
import { AuthError, checkPolicy } from './errors.ts'
import { chooseLife, IDENTITY_LIFE } from './lives.ts'
import { isInForce } from './locks.ts'
import { isOpen } from './readmission.ts'
import type {
  BotRecord,
  InstanceRecord,
  LockRecord,
  ReadmissionRecord,
  TokenRecord,
} from './records.ts'
import { botMissing } from './refusals.ts'
import type { Roles } from './roles.ts'
import type { PageRequest } from './storage.ts'
import type { NewToken, TokenOptions } from './tokens.ts'
import { aboutToken, createToken, tokenState } from './tokens.ts'

/** A bot and all that an administrator wants to know of it. */
export interface BotView {
  readonly bot: BotRecord
  /** What its next certificate would carry. */
  readonly access: CertificateAccess
  readonly instances: readonly InstanceRecord[]
  /** Those in force, on the bot and on its instances. */
  readonly locks: readonly LockRecord[]
  readonly tokens: readonly TokenRecord[]
  /** Those that last, used or not. */
  readonly readmissions: readonly ReadmissionRecord[]
}

export interface NewBot {
  readonly name: string
  readonly roles: readonly string[]
  readonly identityTtl?: number | undefined
  readonly token: TokenOptions
}

export interface Bots {
  /** @throws AuthError `invalid-request`, `already-exists`, `not-found` for a role */
  create(caller: Caller, request: NewBot): Promise<{ bot: BotView; token: NewToken }>
  /** @throws AuthError `not-found`, `invalid-request` */
  update(caller: Caller, name: string, roles: readonly string[]): Promise<BotView>
  /** @throws AuthError `not-found` */
  get(name: string): Promise<BotView>
  list(page: PageRequest): Promise<readonly BotView[]>
  /**
   * Makes a new token and invalidates every one before it.
   *
   * @throws AuthError `not-found`, `invalid-request`
   */
  rotateToken(
    caller: Caller,
    name: string,
    options: TokenOptions,
  ): Promise<{ bot: BotView; token: NewToken; invalidated: number }>
  /** Returns how many instances went with it. @throws AuthError `not-found` */
  remove(caller: Caller, name: string): Promise<number>
}

const MOST_ROLES = 64

export function createBots(context: BoardContext, roles: Roles): Bots {
  const { store, clock, board } = context

  async function stored(name: string): Promise<BotRecord> {
    const bot = await store.bots.get(name)
    if (!bot) throw botMissing(name)
    return bot
  }

  async function view(bot: BotRecord): Promise<BotView> {
    const [held, instances, locks, tokens, readmissions] = await Promise.all([
      roles.resolve(bot.roles),
      store.instances.listForBot(bot.name),
      store.locks.listForBot(bot.name),
      store.tokens.listForBot(bot.name),
      store.readmissions.listForBot(bot.name),
    ])
    const now = clock.now()
    const inForce = held.map((role) => board.restrict(role))
    return {
      bot,
      access: checkPolicy(() => certificateAccess(bot.name, inForce)),
      instances,
      locks: locks.filter((lock) => isInForce(lock, now)),
      tokens,
      readmissions: readmissions.filter((readmission) => isOpen(readmission, now)),
    }
  }

  /** The roles exist, are each named once, and make up something that a certificate can carry. */
  async function checkRoles(bot: string, names: readonly string[]): Promise<readonly string[]> {
    const unique = [...new Set(names)]
    if (unique.length === 0 || unique.length > MOST_ROLES) {
      throw new AuthError(
        'invalid-request',
        `a bot has 1 to ${MOST_ROLES} roles, not ${unique.length}`,
        {
          hint: 'name its roles: --roles=ROLE[,ROLE]',
        },
      )
    }
    const held = await roles.resolve(unique)
    checkPolicy(() => certificateAccess(bot, held))
    return unique
  }

  return {
    async create(caller, request) {
      const name = checkPolicy(() => checkName('bot', request.name))
      const bot: BotRecord = {
        name,
        roles: await checkRoles(name, request.roles),
        identityTtlMs: chooseLife(IDENTITY_LIFE, request.identityTtl),
        revision: 1,
        createdAt: clock.now(),
        createdBy: actorOf(caller),
      }
      const token = createToken(context, caller, { kind: 'bot', bot: name }, request.token)
      await decideAndCommit(() =>
        store.commit({
          changes: [
            { kind: 'insert-bot', bot },
            { kind: 'insert-token', token: token.record },
          ],
          events: [
            eventBy(context, caller, 'bot.create', {
              bot: name,
              fields: { roles: bot.roles.join() },
            }),
            eventBy(context, caller, 'token.create', aboutToken(token)),
          ],
        }),
      )
      return { bot: await view(bot), token }
    },

    update: (caller, name, names) =>
      decideAndCommit(async () => {
        const before = await stored(name)
        const bot = {
          ...before,
          roles: await checkRoles(name, names),
          revision: before.revision + 1,
        }
        const fields = { roles: bot.roles.join(), roles_before: before.roles.join() }
        await store.commit({
          changes: [{ kind: 'replace-bot', bot }],
          events: [eventBy(context, caller, 'bot.update', { bot: name, fields })],
        })
        return view(bot)
      }),

    get: async (name) => view(await stored(name)),
    list: async (page) => Promise.all((await store.bots.list(page)).map(view)),

    rotateToken: (caller, name, options) =>
      decideAndCommit(async () => {
        const bot = await stored(name)
        const now = clock.now()
        const before = await store.tokens.listForBot(name)
        const invalidated = before.filter((token) => tokenState(token, now) === 'active').length
        const token = createToken(context, caller, { kind: 'bot', bot: name }, options)
        await store.commit({
          changes: [
            { kind: 'invalidate-tokens', bot: name, reason: 'rotated' },
            { kind: 'insert-token', token: token.record },
          ],
          events: [eventBy(context, caller, 'token.rotate', aboutToken(token))],
        })
        return { bot: await view(bot), token, invalidated }
      }),

    remove: (caller, name) =>
      decideAndCommit(async () => {
        const bot = await stored(name)
        const instances = await store.instances.listForBot(name)
        await store.commit({
          changes: [
            { kind: 'expect-bot', name, revision: bot.revision },
            { kind: 'invalidate-tokens', bot: name, reason: 'bot-removed' },
            { kind: 'delete-bot', name },
          ],
          events: [
            eventBy(context, caller, 'bot.remove', {
              bot: name,
              fields: { instances: String(instances.length) },
            }),
          ],
        })
        return instances.length
      }),
  }
}
