/**
 * A store that was put back to a backup: what was done since the backup was taken isn't in it, though
 * its certificates are out. The restore is on record, so that the hub knows whom to meet halfway.
 */
import { SECOND } from '../base/clock.ts'
import type { BotCaller, LocalCaller, NodeCaller } from './caller.ts'
import { type AuthContext, eventBy, eventByHub, type LineageContext } from './context.ts'
import type { LineageCaller } from './lineage.ts'
import { aboutLock, touches } from './locks.ts'
import type { BotRecord, InstanceRecord, LockTarget, NodeRecord, RestoreRecord } from './records.ts'
import type { Change } from './storage.ts'

/**
 * Puts it on record that the store was restored. Join tokens end: one of them may have been used
 * since, and would be good for a second time.
 *
 * @throws StoreError
 */
export async function recordRestore(
  context: Pick<AuthContext, 'store' | 'clock' | 'random'>,
  takenAt: number,
): Promise<RestoreRecord> {
  const { store, clock, random } = context
  const restore: RestoreRecord = { id: random.uuid(), takenAt, restoredAt: clock.now() }
  const about = { taken_at: new Date(takenAt).toISOString(), restore: restore.id }
  await store.commit({
    changes: [{ kind: 'record-restore', restore }],
    events: [eventBy(context, LOCAL, 'hub.restore', { fields: about })],
  })
  return restore
}

/** Whoever can replace the database. */
const LOCAL: LocalCaller = { kind: 'local', address: '' }

/**
 * The restore that made the store forget the time at which this caller's certificate was issued: after
 * the backup was taken, and before the store was put back to it.
 */
function forgottenBy(
  { restores }: Pick<LineageContext, 'restores'>,
  { issuedAt }: LineageCaller,
): RestoreRecord | undefined {
  // A certificate says the second in which it was issued.
  return restores.find(
    ({ takenAt, restoredAt }) => takenAt < issuedAt + SECOND && issuedAt < restoredAt,
  )
}

/**
 * The instance of which the store knows nothing since it was restored: its bearer joined after the
 * backup. It is older than any generation that he can show, so `decideGeneration` goes on from his.
 */
export function forgottenInstance(
  context: LineageContext,
  caller: BotCaller,
  bot: BotRecord,
): InstanceRecord | undefined {
  const restore = forgottenBy(context, caller)
  // Of a bot that was removed since, and made anew, nothing is left.
  if (!restore || bot.createdAt >= restore.restoredAt) return undefined
  const { instanceId: id, issuedAt, address } = caller
  return {
    ...{ id, bot: bot.name, ...BEFORE_THE_FIRST, joinedAt: issuedAt, lastSeenAt: issuedAt },
    ...{ certificateSerial: 0n, certificateExpiresAt: 0, identityExpiresAt: 0 },
    ...{ renewsAt: undefined, overdueAt: undefined },
    ...{ clientVersion: '', clientHost: '', address },
  }
}

/**
 * The same for a node, also where the store knows one of this name from the backup, which was removed
 * since: else this one could not have joined. Whoever has come to be there after the restore stays. Its
 * labels are those that it says it has.
 */
export async function forgottenNode(
  context: LineageContext,
  caller: NodeCaller,
  known: NodeRecord | undefined,
): Promise<NodeRecord | undefined> {
  const restore = forgottenBy(context, caller)
  if (!restore || (known && known.joinedAt > restore.takenAt)) return undefined
  const { node: name, instanceId, issuedAt, address } = caller
  for (const type of ['node.remove', 'node.leave'] as const) {
    const removals = await context.store.audit.list({ type, instanceId, limit: 1 })
    if (removals.length > 0) return undefined
  }
  if ([...context.board.nodesReachedAs(name)].some((other) => other !== name)) return undefined
  return {
    ...{ name, labels: {}, labelsPinned: false, hosts: [name], port: 22, instanceId },
    ...{ ...BEFORE_THE_FIRST, revision: known?.revision ?? 0, joinedAt: issuedAt },
    ...{ lastSeenAt: issuedAt, identityExpiresAt: 0, hostCertificateSerial: 0n },
    ...{ hostCertificateExpiresAt: 0, clientVersion: '', sshdVersion: '', address },
  }
}

const NO_KEY = Buffer.alloc(0)

const BEFORE_THE_FIRST = {
  generation: 0n,
  keyFingerprint: NO_KEY,
  previousKeyFingerprint: undefined,
  sshKeyFingerprint: NO_KEY,
}

/**
 * Removes the locks on the caller that had been removed before the store forgot it: those that are
 * older than the backup, where his certificate is younger, since nobody is issued one while locked.
 *
 * @throws StoreError `conflict`
 */
export async function dropForgottenUnlocks(
  context: LineageContext,
  caller: LineageCaller,
): Promise<void> {
  const restore = forgottenBy(context, caller)
  if (!restore || caller.issuedAt < restore.takenAt) return
  const { store } = context
  const dropped = (await store.locks.list()).filter(
    ({ target, createdAt }) => createdAt < restore.restoredAt && isOnCaller(target, caller),
  )
  const [first] = dropped
  if (!first) return
  await store.commit({
    changes: [
      ...dropped.map(({ id }): Change => ({ kind: 'delete-lock', id })),
      // Of one bot or one node, all of them.
      ...(await touches(store, first.target)),
    ],
    events: dropped.map((lock) =>
      eventByHub(context, 'lock.remove', aboutLock(lock, { restore: restore.id })),
    ),
  })
}

function isOnCaller(target: LockTarget, caller: LineageCaller): boolean {
  switch (target.kind) {
    case 'bot':
      return caller.kind === 'bot' && target.bot === caller.bot
    case 'instance':
      return caller.kind === 'bot' && target.instanceId === caller.instanceId
    case 'node':
      return caller.kind === 'node' && target.node === caller.node
    default:
      return false
  }
}
