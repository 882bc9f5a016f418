/** Locks: who is shut out. A lock in force refuses joins and renewals; unlocking removes it. */
import { actorOf, type Caller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventBy } from './context.ts'
import { AuthError } from './errors.ts'
import { chooseLife, LOCK_LIFE } from './lives.ts'
import type { LockRecord } from './records.ts'
import { botMissing } from './refusals.ts'
import type { Change } from './storage.ts'

/** Whether a lock that isn't removed still counts at `now`. */
export function isInForce(lock: LockRecord, now: number): boolean {
  return lock.expiresAt === undefined || lock.expiresAt > now
}

/** The lock that shuts out the bot as a whole or, where one is named, this instance of it. */
export function lockOn(
  locks: readonly LockRecord[],
  now: number,
  instanceId?: string,
): LockRecord | undefined {
  return locks.find(
    (lock) =>
      isInForce(lock, now) && (lock.target.kind === 'bot' || lock.target.instanceId === instanceId),
  )
}

export interface LockOptions {
  readonly message: string
  /** Milliseconds; undefined: until it is removed. */
  readonly ttl?: number | undefined
}

export interface Locks {
  /** Those in force, newest first. */
  list(): Promise<readonly LockRecord[]>
  /**
   * From its return on, no join or renewal of the bot succeeds.
   *
   * @throws AuthError `not-found`, `invalid-request`
   */
  lockBot(caller: Caller, bot: string, options: LockOptions): Promise<LockRecord>
  /**
   * Removes every lock on the bot and on its instances; returns them.
   *
   * @throws AuthError `not-found`
   */
  unlockBot(caller: Caller, bot: string): Promise<readonly LockRecord[]>
}

const LONGEST_MESSAGE = 500

export function createLocks(context: AuthContext): Locks {
  const { store, clock, random } = context
  return {
    async list() {
      const now = clock.now()
      return (await store.locks.list()).filter((lock) => isInForce(lock, now))
    },

    async lockBot(caller, bot, { message, ttl }) {
      if (message.length > LONGEST_MESSAGE) {
        throw new AuthError(
          'invalid-request',
          `a lock's message has at most ${LONGEST_MESSAGE} characters`,
        )
      }
      const now = clock.now()
      const lock: LockRecord = {
        id: random.uuid(),
        target: { kind: 'bot', bot },
        message,
        createdAt: now,
        createdBy: actorOf(caller),
        expiresAt: ttl === undefined ? undefined : now + chooseLife(LOCK_LIFE, ttl),
      }
      return decideAndCommit(async () => {
        if (!(await store.bots.get(bot))) throw botMissing(bot)
        await store.commit({
          changes: [
            { kind: 'insert-lock', lock },
            { kind: 'touch-bot', name: bot },
          ],
          events: [
            eventBy(context, caller, 'lock.create', { bot, fields: { lock: lock.id, message } }),
          ],
        })
        return lock
      })
    },

    unlockBot: (caller, name) =>
      decideAndCommit(async () => {
        const bot = await store.bots.get(name)
        if (!bot) throw botMissing(name)
        const locks = await store.locks.listForBot(name)
        if (locks.length === 0) return []
        await store.commit({
          changes: [
            { kind: 'expect-bot', name, revision: bot.revision },
            ...locks.map(({ id }): Change => ({ kind: 'delete-lock', id })),
            { kind: 'touch-bot', name },
          ],
          events: locks.map((lock) =>
            eventBy(context, caller, 'lock.remove', {
              bot: name,
              instanceId: lock.target.kind === 'instance' ? lock.target.instanceId : undefined,
              fields: { lock: lock.id },
            }),
          ),
        })
        const now = clock.now()
        return locks.filter((lock) => isInForce(lock, now))
      }),
  }
}
