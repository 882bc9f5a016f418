/** What a node asks to have certified, and what it says of itself: read and checked. */
import { isIP } from 'node:net'
import { sha256 } from '../base/bytes.ts'
import { checkLabelKey, checkLabelValue } from '../policy/labels.ts'
import { checkName } from '../policy/names.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { AuthError, checkPolicy } from './errors.ts'
import { readSshKey, requireProof } from './issuing.ts'

/** What the agent says at its join and at every renewal. */
export interface NodeDescription {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Names and addresses under which it is reached. */
  readonly hosts: readonly string[]
  /** Of its sshd. */
  readonly port: number
  /** Shown, never trusted. */
  readonly clientVersion: string
  readonly sshdVersion: string
}

export interface NodeCertificateRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly identityPublicKey: Buffer
  /** sshd's own host key, in its wire encoding. */
  readonly hostPublicKey: Buffer
  /** See `proveKey` in src/x509. */
  readonly keyProof: Buffer
  readonly node: NodeDescription
  readonly clientTime: number | undefined
}

/** A request whose keys have been read and whose description keeps the rules. */
export interface CheckedNodeRequest extends NodeCertificateRequest {
  readonly hostKey: SshPublicKey
  /** SHA-256. */
  readonly keyFingerprint: Buffer
  readonly sshKeyFingerprint: Buffer
}

const MOST_LABELS = 64
const MOST_HOSTS = 64

/** @throws AuthError `invalid-request` */
export function checkNodeRequest(request: NodeCertificateRequest): CheckedNodeRequest {
  const hostKey = readSshKey(request.hostPublicKey, "the node's host key")
  requireProof(request, request.hostPublicKey)
  return {
    ...request,
    node: checkDescription(request.node),
    hostKey,
    keyFingerprint: sha256(request.identityPublicKey),
    sshKeyFingerprint: sha256(hostKey.blob),
  }
}

function checkDescription(node: NodeDescription): NodeDescription {
  const { port } = node
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new AuthError('invalid-request', `${port} is not a port`)
  }
  return {
    ...node,
    name: checkPolicy(() => checkName('node', node.name)),
    labels: checkLabels(node.labels),
    hosts: checkHosts(node.hosts),
  }
}

/** The labels, by key. @throws AuthError `invalid-request` */
export function checkLabels(
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(labels)
  if (entries.length > MOST_LABELS) {
    throw new AuthError(
      'invalid-request',
      `a node has at most ${MOST_LABELS} labels, not ${entries.length}`,
    )
  }
  const checked = checkPolicy(() =>
    entries.map(([key, value]) => [checkLabelKey(key), checkLabelValue(value)] as const),
  )
  return Object.fromEntries(checked.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Each once, in lower case, as ssh compares them. */
function checkHosts(hosts: readonly string[]): readonly string[] {
  const unique = [...new Set(hosts.map((host) => host.toLowerCase()))]
  if (unique.length === 0 || unique.length > MOST_HOSTS) {
    throw new AuthError(
      'invalid-request',
      `a node is reached under 1 to ${MOST_HOSTS} names and addresses, not ${unique.length}`,
      { hint: 'name them: --hosts=NAME[,ADDRESS]' },
    )
  }
  for (const host of unique) {
    if (isHostName(host) || (isIP(host) !== 0 && !host.includes('%'))) continue
    throw new AuthError(
      'invalid-request',
      `${JSON.stringify(host)} is not a host name or address`,
      {
        hint: 'a host certificate takes no wildcards: list each name, without a dot at its end',
      },
    )
  }
  return unique
}

/** RFC 1123, section 2.1; underscores because real networks have them. */
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/

function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text)
}
