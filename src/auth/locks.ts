/**
 * Locks: who is shut out, and from what.
 *
 * | a lock on | from its return on |
 * | --- | --- |
 * | a bot | no join, no renewal, no grant anywhere; its certificates are revoked |
 * | an instance | no renewal of it; its certificates are revoked |
 * | a node | no join, no renewal of it, no grant on it |
 * | a role | it allows nothing on any node, nor in certificates issued from then on |
 * | a login | it is granted on no node, nor in certificates issued from then on |
 *
 * Sessions that a lock concerns end. Removing it brings everything back, certificates that are still
 * valid among it.
 */
import { formatTime, HOUR, MINUTE } from '../base/clock.ts'
import { checkLogin } from '../policy/names.ts'
import { actorOf, type Caller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventBy, eventByHub } from './context.ts'
import { AuthError, checkPolicy } from './errors.ts'
import { chooseLife, LOCK_LIFE } from './lives.ts'
import type { LockRecord, LockTarget } from './records.ts'
import { botMissing, nodeMissing, roleMissing } from './refusals.ts'
import type { Change, Store } from './storage.ts'

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
      isInForce(lock, now) &&
      (lock.target.kind === 'bot' ||
        (lock.target.kind === 'instance' && lock.target.instanceId === instanceId)),
  )
}

export function lockOnNode(
  locks: readonly LockRecord[],
  now: number,
  node: string,
): LockRecord | undefined {
  return locks.find(
    (lock) => isInForce(lock, now) && lock.target.kind === 'node' && lock.target.node === node,
  )
}

export interface LockOptions {
  readonly message: string
  /** Milliseconds; undefined: until it is removed. */
  readonly ttl?: number | undefined
}

/** What is to be locked; an instance by its identifier alone. */
export type LockRequest =
  | Exclude<LockTarget, { kind: 'instance' }>
  | { readonly kind: 'instance'; readonly instanceId: string }

export interface Locks {
  /** Those in force, oldest first. */
  list(): Promise<readonly LockRecord[]>
  /** @throws AuthError `not-found`, `invalid-request` */
  create(caller: Caller, request: LockRequest, options: LockOptions): Promise<LockRecord>
  /** Returns the lock. @throws AuthError `not-found` */
  remove(caller: Caller, id: string): Promise<LockRecord>
  /** `create` on a bot. */
  lockBot(caller: Caller, bot: string, options: LockOptions): Promise<LockRecord>
  /**
   * Removes every lock on the bot and on its instances; returns them.
   *
   * @throws AuthError `not-found`
   */
  unlockBot(caller: Caller, bot: string): Promise<readonly LockRecord[]>
  /** Deletes the locks that expired an hour ago or more. @throws AuthError */
  prune(): Promise<void>
  /** Prunes now and then, until aborted. */
  run(signal: AbortSignal): Promise<void>
}

/** A lock stays this long after its end, so that a clock that is set wrong for a while ends none. */
const KEPT_EXPIRED = HOUR
const PRUNE_EVERY = 10 * MINUTE

const LONGEST_MESSAGE = 500

/** @param steady by which locks are deleted: see hub-clock.ts */
export function createLocks(context: AuthContext, steady: () => number): Locks {
  const { store, clock, random } = context

  const create: Locks['create'] = async (caller, request, { message, ttl }) => {
    if (message.length > LONGEST_MESSAGE) {
      throw new AuthError(
        'invalid-request',
        `a lock's message has at most ${LONGEST_MESSAGE} characters`,
      )
    }
    const life = ttl === undefined ? undefined : chooseLife(LOCK_LIFE, ttl)
    return decideAndCommit(async () => {
      const target = await findTarget(store, request)
      const now = clock.now()
      const lock: LockRecord = {
        id: random.uuid(),
        target,
        message,
        createdAt: now,
        createdBy: actorOf(caller),
        expiresAt: life === undefined ? undefined : now + life,
      }
      await store.commit({
        changes: [{ kind: 'insert-lock', lock }, ...(await touches(store, target))],
        events: [eventBy(context, caller, 'lock.create', aboutLock(lock, said(lock)))],
      })
      return lock
    })
  }

  async function prune(): Promise<void> {
    const expiredBy = steady() - KEPT_EXPIRED
    for (const lock of await store.locks.list()) {
      if (isInForce(lock, expiredBy)) continue
      const about = aboutLock(lock)
      await decideAndCommit(async () =>
        store.commit({
          changes: [{ kind: 'delete-lock', id: lock.id }, ...(await touches(store, lock.target))],
          events: [eventByHub(context, 'lock.expire', about)],
        }),
      ).catch((error: unknown) => {
        // Somebody has removed it meanwhile.
        if (!(error instanceof AuthError && error.code === 'not-found')) throw error
      })
    }
  }

  return {
    async list() {
      const now = clock.now()
      return (await store.locks.list()).filter((lock) => isInForce(lock, now))
    },

    create,
    lockBot: (caller, bot, options) => create(caller, { kind: 'bot', bot }, options),

    remove: (caller, id) =>
      decideAndCommit(async () => {
        const lock = (await store.locks.list()).find((each) => each.id === id)
        if (!lock) throw lockMissing(id)
        await store.commit({
          changes: [{ kind: 'delete-lock', id }, ...(await touches(store, lock.target))],
          events: [eventBy(context, caller, 'lock.remove', aboutLock(lock))],
        })
        return lock
      }),

    prune,

    async run(signal) {
      while (!signal.aborted) {
        // What can't be deleted now is the next time.
        await prune().catch((error: unknown) => {
          if (!(error instanceof AuthError)) throw error
        })
        await clock.sleep(PRUNE_EVERY, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error
        })
      }
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
          events: locks.map((lock) => eventBy(context, caller, 'lock.remove', aboutLock(lock))),
        })
        const now = clock.now()
        return locks.filter((lock) => isInForce(lock, now))
      }),
  }
}

/** What its maker said to it, for the audit log. */
function said({ message, expiresAt }: LockRecord) {
  return { message, expires_at: expiresAt === undefined ? undefined : formatTime(expiresAt) }
}

/** What the audit log says of a lock. */
export function aboutLock(
  { id, target }: LockRecord,
  fields: Readonly<Record<string, string | undefined>> = {},
) {
  const about = { ...fields, lock: id }
  switch (target.kind) {
    case 'bot':
      return { bot: target.bot, fields: about }
    case 'instance':
      return { bot: target.bot, instanceId: target.instanceId, fields: about }
    case 'node':
      return { fields: { ...about, node: target.node } }
    case 'role':
      return { fields: { ...about, role: target.role } }
    case 'login':
      return { fields: { ...about, login: target.login } }
  }
}

/** @throws AuthError `not-found`, `invalid-request` */
async function findTarget(store: Store, request: LockRequest): Promise<LockTarget> {
  switch (request.kind) {
    case 'bot':
      if (!(await store.bots.get(request.bot))) throw botMissing(request.bot)
      return request
    case 'instance': {
      const instance = await store.instances.get(request.instanceId)
      if (!instance) throw instanceMissing(request.instanceId)
      return { ...request, bot: instance.bot }
    }
    case 'node':
      if (!(await store.nodes.get(request.node))) throw nodeMissing(request.node)
      return request
    case 'role':
      if (!(await store.roles.get(request.role))) throw roleMissing(request.role)
      return request
    case 'login':
      return { ...request, login: checkPolicy(() => checkLogin(request.login)) }
  }
}

/** What makes a renewal under way, which has seen no lock yet, be decided anew. */
export async function touches(store: Store, target: LockTarget): Promise<readonly Change[]> {
  switch (target.kind) {
    case 'bot':
    case 'instance':
      return [{ kind: 'touch-bot', name: target.bot }]
    case 'node': {
      const node = await store.nodes.get(target.node)
      if (!node) throw nodeMissing(target.node)
      return [{ kind: 'replace-node', node: { ...node, revision: node.revision + 1 } }]
    }
    case 'role':
    case 'login':
      // The board knows before the commit returns: see `requireSameRoles`.
      return []
  }
}

function instanceMissing(id: string): AuthError {
  return new AuthError('not-found', `there is no bot instance "${id}"`, {
    hint: 'mezctl bots instances NAME shows those of a bot',
  })
}

function lockMissing(id: string): AuthError {
  return new AuthError('not-found', `there is no lock "${id}"`, {
    hint: 'mezctl locks ls shows the locks there are',
  })
}
