/** Leave for renewals with an expired identity: given, taken back, and shown. */
import { DAY, formatTime, MINUTE, SECOND } from '../base/clock.ts'
import { actorOf, type Caller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventBy } from './context.ts'
import { AuthError } from './errors.ts'
import { chooseLife } from './lives.ts'
import { lockOn, lockOnNode } from './locks.ts'
import { aboutReadmission, isOpen } from './readmission.ts'
import type { InstanceRecord, ReadmissionRecord, ReadmissionTarget } from './records.ts'
import { botMissing, locked, nodeMissing } from './refusals.ts'

export interface ReadmissionOptions {
  /** Of the bot; none: the one whose identity has expired. */
  readonly instanceIds: readonly string[]
  readonly ttl?: number | undefined
}

export interface Readmissions {
  /**
   * Takes the place of what was granted to these instances before.
   *
   * @throws AuthError `not-found`, `invalid-request` where it isn't clear which instance is meant,
   *   `bot-locked`, `instance-locked`
   */
  grantToBot(
    caller: Caller,
    bot: string,
    options: ReadmissionOptions,
  ): Promise<readonly ReadmissionRecord[]>
  /** @throws AuthError `not-found`, `node-locked` */
  grantToNode(
    caller: Caller,
    node: string,
    options: Pick<ReadmissionOptions, 'ttl'>,
  ): Promise<ReadmissionRecord>
  /** Of these instances; none: of all. Returns those that were open. @throws AuthError `not-found` */
  cancelForBot(
    caller: Caller,
    bot: string,
    instanceIds: readonly string[],
  ): Promise<readonly ReadmissionRecord[]>
  /** @throws AuthError `not-found` */
  cancelForNode(caller: Caller, node: string): Promise<readonly ReadmissionRecord[]>
}

/** Of a leave: as long as an administrator may take to get a machine going. */
const READMISSION_LIFE = {
  what: 'readmission',
  standard: 10 * MINUTE,
  shortest: SECOND,
  longest: DAY,
}
const MOST_NAMED = 5

export function createReadmissions(context: AuthContext): Readmissions {
  const { store, clock, random } = context

  function newReadmission(
    caller: Caller,
    target: ReadmissionTarget,
    life: number,
  ): ReadmissionRecord {
    const createdAt = clock.now()
    const expiresAt = createdAt + life
    const createdBy = actorOf(caller)
    return { id: random.uuid(), target, createdAt, createdBy, expiresAt, usedAt: undefined }
  }

  const created = (caller: Caller, { id, target, expiresAt }: ReadmissionRecord) => {
    const fields = { readmission: id, expires_at: formatTime(expiresAt) }
    return eventBy(context, caller, 'readmission.create', aboutReadmission(target, fields))
  }
  const removed = (caller: Caller, { id, target }: ReadmissionRecord) =>
    eventBy(context, caller, 'readmission.remove', aboutReadmission(target, { readmission: id }))

  async function cancel(caller: Caller, found: readonly ReadmissionRecord[]) {
    const open = found.filter((readmission) => isOpen(readmission, clock.now()))
    if (open.length === 0) return []
    await store.commit({
      changes: open.map(({ target: { instanceId } }) => ({
        kind: 'delete-readmission',
        instanceId,
      })),
      events: open.map((readmission) => removed(caller, readmission)),
    })
    return open
  }

  return {
    async grantToBot(caller, name, { instanceIds, ttl }) {
      const life = chooseLife(READMISSION_LIFE, ttl)
      return decideAndCommit(async () => {
        const bot = await store.bots.get(name)
        if (!bot) throw botMissing(name)
        const all = await store.instances.listForBot(name)
        const chosen = chooseInstances(name, all, instanceIds, clock.now())
        const locks = await store.locks.listForBot(name)
        const granted = chosen.map(({ id: instanceId }) => {
          const lock = lockOn(locks, clock.now(), instanceId)
          if (lock) throw locked(lock)
          return newReadmission(caller, { kind: 'bot', bot: name, instanceId }, life)
        })
        await store.commit({
          changes: [
            { kind: 'expect-bot', name, revision: bot.revision },
            ...granted.map((readmission) => ({ kind: 'put-readmission', readmission }) as const),
          ],
          events: granted.map((readmission) => created(caller, readmission)),
        })
        return granted
      })
    },

    async grantToNode(caller, name, { ttl }) {
      const life = chooseLife(READMISSION_LIFE, ttl)
      return decideAndCommit(async () => {
        const node = await store.nodes.get(name)
        if (!node) throw nodeMissing(name)
        const lock = lockOnNode(await store.locks.list(), clock.now(), name)
        if (lock) throw locked(lock)
        const { instanceId } = node
        const readmission = newReadmission(caller, { kind: 'node', node: name, instanceId }, life)
        await store.commit({
          changes: [{ kind: 'put-readmission', readmission }],
          events: [created(caller, readmission)],
        })
        return readmission
      })
    },

    cancelForBot: (caller, name, instanceIds) =>
      decideAndCommit(async () => {
        if (!(await store.bots.get(name))) throw botMissing(name)
        const all = await store.readmissions.listForBot(name)
        const isMeant = ({ target }: ReadmissionRecord) =>
          instanceIds.length === 0 || instanceIds.includes(target.instanceId)
        return cancel(caller, all.filter(isMeant))
      }),

    cancelForNode: (caller, name) =>
      decideAndCommit(async () => {
        const node = await store.nodes.get(name)
        if (!node) throw nodeMissing(name)
        const readmission = await store.readmissions.get(node.instanceId)
        return cancel(caller, readmission ? [readmission] : [])
      }),
  }
}

/**
 * Those that are named, or the only one that has expired. Of several an administrator has to say
 * which he means: most are machines and jobs that are no more.
 */
function chooseInstances(
  bot: string,
  all: readonly InstanceRecord[],
  named: readonly string[],
  now: number,
): readonly InstanceRecord[] {
  if (named.length > 0) {
    return [...new Set(named)].map((id) => {
      const instance = all.find((each) => each.id === id)
      if (!instance) throw instanceMissing(bot, id)
      return instance
    })
  }
  const expired = all.filter(({ identityExpiresAt }) => identityExpiresAt <= now)
  if (expired.length === 1) return expired
  const which = 'name the instance that is meant, with --instance'
  if (expired.length === 0) {
    throw new AuthError('invalid-request', `no identity of bot "${bot}" has expired`, {
      hint: `one that is valid renews by itself; ${which}, if it is another one`,
    })
  }
  const newest = [...expired].sort((a, b) => b.lastSeenAt - a.lastSeenAt).slice(0, MOST_NAMED)
  const names = newest.map(({ id, clientHost }) => `${id} (${clientHost || 'unknown host'})`)
  const more = expired.length > newest.length ? ', …' : ''
  throw new AuthError(
    'invalid-request',
    `the identities of ${expired.length} instances of bot "${bot}" have expired: ${names.join(', ')}${more}`,
    { hint: `${which}; mezctl bots instances ${bot} shows them all` },
  )
}

function instanceMissing(bot: string, id: string): AuthError {
  return new AuthError('not-found', `bot "${bot}" has no instance "${id}"`, {
    hint: `mezctl bots instances ${bot} shows those there are`,
  })
}
