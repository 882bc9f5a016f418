/**
 * For whom the next step of a rotation waits: those whom it would lock out, or whose certificates would
 * count no more.
 */
import { formatTime, MINUTE } from '../base/clock.ts'
import { trustDigest } from '../trust/trust-digest.ts'
import type { Attendance } from './attendance.ts'
import type { AuthContext } from './context.ts'
import { everyOne } from './every-one.ts'
import { trustBundle } from './issuing.ts'
import type {
  AuthorityRecord,
  AuthorityType,
  InstanceRecord,
  NodeRecord,
  RotationRecord,
  TrustReportRecord,
} from './records.ts'
import { isOfTheLeaving, type RotationStep } from './rotation.ts'

export interface Laggard {
  readonly kind: 'bot' | 'node' | 'admin' | 'certificates'
  readonly name: string
  readonly instanceId: string | undefined
  /** What it hasn't done, as a clause. */
  readonly reason: string
  /** When it needn't be waited for any more, whatever it does. */
  readonly until: number
}

type Context = Pick<AuthContext, 'store' | 'clock' | 'authorities'> & {
  readonly attendance: Attendance
}

/** @param step the one that follows */
export async function laggards(
  context: Context,
  { type }: Pick<AuthorityRecord, 'type'>,
  rotation: RotationRecord,
  step: RotationStep,
): Promise<readonly Laggard[]> {
  switch (step) {
    case 'update-clients':
      return WAITING[type].trust(context, rotation)
    case 'update-servers':
      return type === 'tls' ? notRenewed(context, rotation) : []
    case 'done':
      return WAITING[type].end(context, rotation)
    default:
      return []
  }
}

type Wait = (context: Context, rotation: RotationRecord) => Promise<readonly Laggard[]>

/** Before the new CA signs what others have to trust, and before the leaving one is trusted no more. */
const WAITING: Readonly<Record<AuthorityType, { readonly trust: Wait; readonly end: Wait }>> = {
  user: { trust: untoldNodes, end: validCertificates },
  host: { trust: untoldBots, end: oldHostCertificates },
  // Identities are judged by the hub alone.
  tls: { trust: async () => [], end: oldIdentities },
}

/** As long as the machine has files of before, sshd refuses certificates of the new User CA. */
async function untoldNodes(context: Context): Promise<readonly Laggard[]> {
  const told = digestOf(context)
  const now = context.clock.now()
  const reports = await reportsOf(context)
  return (await allNodes(context))
    .filter(({ identityExpiresAt }) => identityExpiresAt > now)
    .filter(({ instanceId }) => reports.get(instanceId)?.trustDigest !== told)
    .map((node) => nodeLaggard(node, 'has not confirmed the new CA'))
}

/** Whoever is connected says so; of others it is taken for granted once they were issued anything. */
async function untoldBots(context: Context, rotation: RotationRecord): Promise<readonly Laggard[]> {
  const { store, clock, attendance } = context
  const now = clock.now()
  const told = digestOf(context)
  const reports = await reportsOf(context)
  const isTold = (id: string) => reports.get(id)?.trustDigest === told
  const untold = (await store.instances.listSeenBefore(rotation.startedAt, now)).filter(
    ({ id, certificateExpiresAt }) => certificateExpiresAt > now && !isTold(id),
  )
  const known = new Set(untold.map(({ id }) => id))
  for (const instanceId of attendance.ofKind('bot')) {
    if (known.has(instanceId) || isTold(instanceId)) continue
    const instance = await store.instances.get(instanceId)
    // A mezd that doesn't know how to say it has published what it was issued a minute ago.
    if (instance && now - instance.lastSeenAt < MINUTE) untold.push(instance)
  }
  return untold.map((instance) =>
    botLaggard(instance, 'has not confirmed the new CA', instance.certificateExpiresAt),
  )
}

/** SSH certificates that are out, of the User CA that is to go. */
async function validCertificates(
  { clock }: Context,
  { lastEndsAt }: RotationRecord,
): Promise<readonly Laggard[]> {
  if (lastEndsAt === undefined || lastEndsAt <= clock.now()) return []
  return [
    {
      kind: 'certificates',
      name: "bots' certificates",
      instanceId: undefined,
      reason: `of the other CA are valid until ${formatTime(lastEndsAt)}`,
      until: lastEndsAt,
    },
  ]
}

async function oldHostCertificates(
  context: Context,
  rotation: RotationRecord,
): Promise<readonly Laggard[]> {
  const now = context.clock.now()
  const reports = await reportsOf(context)
  return (await allNodes(context))
    .filter(({ hostCertificateExpiresAt }) => hostCertificateExpiresAt > now)
    .flatMap((node) => {
      const until = node.hostCertificateExpiresAt
      const isOld = isOfTheLeaving(rotation, node.lastSeenAt)
      if (isOld) return [nodeLaggard(node, 'has a host certificate of the other CA', until)]
      const served = reports.get(node.instanceId)?.hostSerial
      // Whoever says nothing at all is of a release that doesn't know how to.
      const isServing =
        rotation.signsSince === undefined ||
        served === undefined ||
        served === node.hostCertificateSerial
      return isServing ? [] : [nodeLaggard(node, 'does not serve its new host certificate', until)]
    })
}

async function oldIdentities(
  context: Context,
  rotation: RotationRecord,
): Promise<readonly Laggard[]> {
  const now = context.clock.now()
  const admins = (await context.store.admins.list())
    .filter(({ createdAt, expiresAt }) => expiresAt > now && isOfTheLeaving(rotation, createdAt))
    .map(
      ({ name, expiresAt }): Laggard => ({
        kind: 'admin',
        name,
        instanceId: undefined,
        reason: 'has an identity of the other CA: mezctl admins renew',
        until: expiresAt,
      }),
    )
  return [...(await notRenewed(context, rotation)), ...admins]
}

/** Bots and nodes whose identities are of the TLS CA that is to go. */
async function notRenewed(context: Context, rotation: RotationRecord): Promise<readonly Laggard[]> {
  const { store, clock } = context
  const now = clock.now()
  const reason = 'has not renewed its identity'
  const before = rotation.phase === 'rollback' ? rotation.since : (rotation.signsSince ?? 0)
  // What never renews has no use for its identity any more.
  const instances = (await store.instances.listSeenBefore(before, now)).filter(
    ({ renewsAt, lastSeenAt }) => renewsAt !== undefined && isOfTheLeaving(rotation, lastSeenAt),
  )
  const nodes = (await allNodes(context)).filter(
    (node) => node.identityExpiresAt > now && isOfTheLeaving(rotation, node.lastSeenAt),
  )
  return [
    ...instances.map((instance) => botLaggard(instance, reason, instance.identityExpiresAt)),
    ...nodes.map((node) => nodeLaggard(node, reason)),
  ]
}

function botLaggard({ bot, id }: InstanceRecord, reason: string, until: number): Laggard {
  return { kind: 'bot', name: bot, instanceId: id, reason, until }
}

function nodeLaggard(
  { name, instanceId, identityExpiresAt }: NodeRecord,
  reason: string,
  until = identityExpiresAt,
): Laggard {
  return { kind: 'node', name, instanceId, reason, until }
}

async function reportsOf({ store }: Context): Promise<ReadonlyMap<string, TrustReportRecord>> {
  const reports = await store.trustReports.list()
  return new Map(reports.map((report) => [report.instanceId, report]))
}

function digestOf(context: Context): string {
  return trustDigest(trustBundle(context)).toString('hex')
}

async function allNodes({ store }: Context): Promise<readonly NodeRecord[]> {
  const nodes: NodeRecord[] = []
  for await (const node of everyOne((page) => store.nodes.list(page))) nodes.push(node)
  return nodes
}
