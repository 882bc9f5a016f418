import { X509Error } from './errors.ts'

/**
 * Who a client certificate speaks for. Cluster and instance are lower-case UUIDs, names follow
 * `isIdentityName`, and the generation is in 1..2^63-1.
 */
export type PeerIdentity = BotIdentity | NodeIdentity | AdminIdentity

export interface BotIdentity extends InstanceIdentity {
  readonly kind: 'bot'
}

export interface NodeIdentity extends InstanceIdentity {
  readonly kind: 'node'
}

export interface AdminIdentity {
  readonly kind: 'admin'
  readonly clusterId: string
  readonly name: string
}

interface InstanceIdentity {
  readonly clusterId: string
  readonly name: string
  readonly instanceId: string
  readonly generation: bigint
}

const LAST_GENERATION = 2n ** 63n - 1n

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const NAME = '[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?'
const WHOLE_UUID = new RegExp(`^${UUID}$`)
const WHOLE_NAME = new RegExp(`^${NAME}$`)
const URI = new RegExp(
  `^mezite://(${UUID})/(?:admin/(${NAME})|(bot|node)/(${NAME})/instance/(${UUID})/generation/([1-9][0-9]{0,18}))$`,
)

/** Whether a bot, a node or an admin can have this name: 1 to 63 of `a-z0-9._-`, no mark at an end. */
export function isIdentityName(text: string): boolean {
  return WHOLE_NAME.test(text)
}

/**
 * `mezite://<cluster>/bot/<name>/instance/<uuid>/generation/<n>`, the same with `node`, or
 * `mezite://<cluster>/admin/<name>`.
 *
 * @throws X509Error `invalid-request` when a field can't stand in it
 */
export function encodeIdentityUri(identity: PeerIdentity): string {
  const { kind, clusterId, name } = identity
  if (!WHOLE_UUID.test(clusterId)) throw unfit('cluster id', clusterId)
  if (!isIdentityName(name)) throw unfit(`${kind} name`, name)
  const start = `mezite://${clusterId}/${kind}/${name}`
  if (identity.kind === 'admin') return start
  const { instanceId, generation } = identity
  if (!WHOLE_UUID.test(instanceId)) throw unfit('instance id', instanceId)
  if (!isGeneration(generation)) throw unfit('generation', String(generation))
  return `${start}/instance/${instanceId}/generation/${generation}`
}

/**
 * Reads what `encodeIdentityUri` writes and no second spelling of it.
 *
 * @throws X509Error `malformed-identity-uri`
 */
export function parseIdentityUri(text: string): PeerIdentity {
  const match = URI.exec(text)
  if (!match) throw malformedUri(text)
  const [, clusterId = '', adminName, kind, name = '', instanceId = '', digits = ''] = match
  if (adminName !== undefined) return { kind: 'admin', clusterId, name: adminName }
  const generation = BigInt(digits)
  if (!isGeneration(generation)) throw malformedUri(text)
  return { kind: kind === 'bot' ? 'bot' : 'node', clusterId, name, instanceId, generation }
}

function isGeneration(value: bigint): boolean {
  return value >= 1n && value <= LAST_GENERATION
}

function unfit(field: string, value: string): X509Error {
  const message = `${JSON.stringify(value.slice(0, 100))} can't be the ${field} in a certificate`
  return new X509Error('invalid-request', message)
}

function malformedUri(text: string): X509Error {
  const message = `${JSON.stringify(text.slice(0, 300))} is not the URI of a Mezite identity`
  return new X509Error('malformed-identity-uri', message)
}
