/**
 * Who holds which certificate until when: of each instance the newest, older ones that are still
 * valid where they are asked for, and of each node its host certificate.
 */
import { CERTIFICATE_STATES, type CertificateState, certificateState } from './certificate-state.ts'
import type { AuthContext } from './context.ts'
import { AuthError } from './errors.ts'
import { isInForce } from './locks.ts'
import type { CertificateIssue, LockRecord, NodeRecord } from './records.ts'
import type { ExpiryQuery, HeldCertificate, InventoryReader, OlderCertificate } from './storage.ts'

export interface CertificateView {
  readonly kind: 'user' | 'host'
  /** Of a bot, or of a node. */
  readonly holder: string
  readonly instanceId: string
  readonly host: string
  readonly generation: bigint | undefined
  readonly serial: bigint
  /** SHA-256 over the SSH public key; undefined where it isn't on record. */
  readonly keyFingerprint: Buffer | undefined
  readonly principals: readonly string[]
  readonly issuedAt: number | undefined
  readonly expiresAt: number
  readonly renewsAt: number | undefined
  readonly state: CertificateState
}

export interface CertificateFilter {
  readonly kind?: 'user' | 'host' | undefined
  readonly bot?: string | undefined
  readonly node?: string | undefined
  /** Without it, all but those that have expired. */
  readonly state?: CertificateState | undefined
  /** Milliseconds. */
  readonly expiringWithin?: number | undefined
  /** Also those that a newer one has replaced, as long as they are valid. */
  readonly older?: boolean | undefined
}

export interface CertificatePage {
  readonly certificates: readonly CertificateView[]
  /** Undefined after the last page. A page may be short, or empty, and still have a next one. */
  readonly next: string | undefined
}

export interface Inventory {
  /** Soonest first: those of bots, older ones of theirs, those of nodes. @throws AuthError */
  list(filter: CertificateFilter, page: { after: string; limit: number }): Promise<CertificatePage>
}

/** Agents renew host certificates after a third of their life, and are late some time after. */
const HOST_RENEWAL = 1 / 3
const HOST_PATIENCE = 5 / 12

const PARTS = ['held', 'older', 'nodes'] as const
type Part = (typeof PARTS)[number]

export function createInventory({ store, clock }: Pick<AuthContext, 'store' | 'clock'>): Inventory {
  return {
    async list(filter, { after, limit }) {
      const now = clock.now()
      const locks = (await store.locks.list()).filter((lock) => isInForce(lock, now))
      const parts = partsOf(filter)
      const start = parseKey(after)
      let part = start?.part ?? parts[0]
      let key = start?.key
      while (part !== undefined) {
        const found = await read(store.inventory, part, {
          ...rangeOf(filter, now),
          after: key,
          limit,
        })
        const views = found.map((each) => ({ key: each.key, view: each.view(locks, now) }))
        const certificates = views.map(({ view }) => view).filter((view) => passes(view, filter))
        const last = views.at(-1)
        const next = parts[parts.indexOf(part) + 1]
        if (last && views.length === limit) {
          return { certificates, next: formatKey(part, last.key) }
        }
        if (certificates.length > 0 || next === undefined) {
          return { certificates, next: next && formatKey(next, undefined) }
        }
        part = next
        key = undefined
      }
      return { certificates: [], next: undefined }
    },
  }
}

function partsOf({ kind, bot, node, older, state }: CertificateFilter): readonly Part[] {
  const isOfBots = kind !== 'host' && node === undefined
  const isOfNodes = kind !== 'user' && bot === undefined
  return [
    ...(isOfBots ? (['held'] as const) : []),
    // Nobody waits for their renewal, and expired ones aren't on record.
    ...(isOfBots && older && state !== 'overdue' && state !== 'expired'
      ? (['older'] as const)
      : []),
    ...(isOfNodes ? (['nodes'] as const) : []),
  ]
}

function rangeOf(
  { state, expiringWithin, bot, node }: CertificateFilter,
  now: number,
): Omit<ExpiryQuery, 'limit' | 'after'> {
  const isExpired = state === 'expired'
  const end = expiringWithin === undefined ? Number.MAX_SAFE_INTEGER : now + expiringWithin
  // What expires at `now` has expired.
  return { bot, node, from: isExpired ? 0 : now + 1, before: isExpired ? now + 1 : end }
}

function passes(view: CertificateView, { state }: CertificateFilter): boolean {
  return state === undefined || view.state === state
}

interface Found {
  readonly key: Key
  view(locks: readonly LockRecord[], now: number): CertificateView
}

async function read(store: InventoryReader, part: Part, query: ExpiryQuery): Promise<Found[]> {
  switch (part) {
    case 'held':
      return (await store.held(query)).map((held) => ({
        key: { expiresAt: held.instance.certificateExpiresAt, id: held.instance.id },
        view: (locks, now) => viewOfHeld(held, locks, now),
      }))
    case 'older':
      return (await store.older(query)).map((older) => ({
        key: { expiresAt: older.expiresAt, id: String(older.serial) },
        view: (locks, now) => viewOfOlder(older, locks, now),
      }))
    case 'nodes':
      return (await store.nodes(query)).map((node) => ({
        key: { expiresAt: node.hostCertificateExpiresAt, id: node.name },
        view: (locks, now) => viewOfNode(node, locks, now),
      }))
  }
}

function viewOfHeld(
  { instance, issue }: HeldCertificate,
  locks: readonly LockRecord[],
  now: number,
): CertificateView {
  const { bot, id, overdueAt, certificateExpiresAt: expiresAt } = instance
  const isRevoked = isBotLocked(locks, bot, id)
  return {
    ...issued(issue),
    ...{ kind: 'user', holder: bot, instanceId: id, host: instance.clientHost },
    generation: instance.generation,
    keyFingerprint: instance.sshKeyFingerprint,
    serial: instance.certificateSerial,
    issuedAt: instance.lastSeenAt,
    ...{ expiresAt, renewsAt: instance.renewsAt },
    state: certificateState(
      { issuedAt: instance.lastSeenAt, expiresAt, overdueAt },
      isRevoked,
      now,
    ),
  }
}

function viewOfOlder(
  { issue, bot, instanceId, serial, expiresAt, hasInstance }: OlderCertificate,
  locks: readonly LockRecord[],
  now: number,
): CertificateView {
  const isRevoked = !hasInstance || isBotLocked(locks, bot, instanceId)
  const times = { issuedAt: issue?.issuedAt ?? now, expiresAt, overdueAt: undefined }
  return {
    ...issued(issue),
    ...{ kind: 'user', holder: bot, instanceId, host: '', serial, expiresAt },
    renewsAt: undefined,
    state: certificateState(times, isRevoked, now),
  }
}

function issued(issue: CertificateIssue | undefined) {
  const { generation, issuedAt, keyFingerprint, principals = [] } = issue ?? {}
  return { generation, issuedAt, keyFingerprint, principals }
}

function viewOfNode(node: NodeRecord, locks: readonly LockRecord[], now: number): CertificateView {
  const { name, lastSeenAt: issuedAt, hostCertificateExpiresAt: expiresAt } = node
  const isLocked = locks.some(({ target }) => target.kind === 'node' && target.node === name)
  const life = expiresAt - issuedAt
  return {
    ...{ kind: 'host', holder: name, instanceId: node.instanceId, host: node.hosts[0] ?? '' },
    generation: node.generation,
    serial: node.hostCertificateSerial,
    keyFingerprint: node.sshKeyFingerprint,
    principals: [...new Set([name, ...node.hosts])],
    ...{ issuedAt, expiresAt, renewsAt: issuedAt + Math.floor(life * HOST_RENEWAL) },
    state: certificateState(
      { issuedAt, expiresAt, overdueAt: issuedAt + life * HOST_PATIENCE },
      isLocked,
      now,
    ),
  }
}

function isBotLocked(locks: readonly LockRecord[], bot: string, instanceId: string): boolean {
  return locks.some(({ target }) => {
    if (target.kind === 'bot') return target.bot === bot
    return target.kind === 'instance' && target.instanceId === instanceId
  })
}

type Key = NonNullable<ExpiryQuery['after']>

function formatKey(part: Part, key: Key | undefined): string {
  return key ? `${part}/${key.expiresAt}/${key.id}` : part
}

/** @throws AuthError `invalid-request` */
function parseKey(
  text: string,
): { readonly part: Part; readonly key: Key | undefined } | undefined {
  if (text === '') return undefined
  const [, name, expiresAt, id] =
    /^(held|older|nodes)(?:\/(\d{1,15})\/([^/]{1,255}))?$/.exec(text) ?? []
  const part = PARTS.find((each) => each === name)
  const isSerial = part !== 'older' || id === undefined || isUnsigned(id)
  if (part === undefined || !isSerial) {
    throw new AuthError('invalid-request', 'this page token is not one that the hub gave out', {
      hint: 'start again from the first page',
    })
  }
  const key = id === undefined ? undefined : { expiresAt: Number(expiresAt), id }
  return { part, key }
}

function isUnsigned(text: string): boolean {
  return /^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n
}

export function isCertificateState(text: string): text is CertificateState {
  return CERTIFICATE_STATES.some((state) => state === text)
}
