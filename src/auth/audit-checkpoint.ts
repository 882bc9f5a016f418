/**
 * What the hub signs of its audit log: a statement that the event of a sequence had this hash, and
 * with it, by the chain, that every event before was what it was.
 *
 * - A *checkpoint* says so of the log as it stood at a time.
 * - An *anchor* says that everything up to that event was pruned, so that the log may begin after it.
 *   It is a statement of its own: whoever holds checkpoints can't make a log begin where he likes.
 *
 * The statement is text, and the signature an SSH signature over it (src/ssh/message-signature.ts),
 * so that `ssh-keygen -Y verify` can check it without Mezite.
 */
import {
  encodeSignatureArmor,
  parseSignatureArmor,
  signMessage,
  verifyMessage,
} from '../ssh/message-signature.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { fingerprint, isSameKey, parsePublicKey } from '../ssh/public-key.ts'
import type { SshSigner } from '../ssh/signature.ts'
import { AuditDamage } from './audit-damage.ts'
import type { CheckpointRecord } from './audit-log.ts'

/** For `ssh-keygen -Y verify -n`. */
export const CHECKPOINT_NAMESPACE = 'mezite-audit'

export type StatementKind = 'checkpoint' | 'anchor'

/** What is stated: all but the signature. Times are whole milliseconds. */
export type Statement = Omit<CheckpointRecord, 'signature'>

/** Whose log it is, and by whom its statements are signed. */
export interface AuditTrust {
  readonly clusterId: string
  readonly keys: readonly SshPublicKey[]
}

/** @param keys in their wire encoding */
export function trustOf(clusterId: string, keys: readonly Uint8Array[]): AuditTrust {
  return { clusterId, keys: keys.map((key) => parsePublicKey(key)) }
}

export function signStatement(
  signer: SshSigner,
  kind: StatementKind,
  clusterId: string,
  statement: Statement,
): CheckpointRecord {
  const message = formatStatement(kind, clusterId, statement)
  return { ...statement, signature: signMessage(signer, CHECKPOINT_NAMESPACE, message) }
}

/** @throws AuditDamage `bad-signature`, `unknown-key` */
export function verifyStatement(
  { clusterId, keys }: AuditTrust,
  kind: StatementKind,
  { signature, ...statement }: CheckpointRecord,
): void {
  const { sequence } = statement
  const key = readSigner(signature, formatStatement(kind, clusterId, statement), kind, sequence)
  if (keys.some((each) => isSameKey(each, key))) return
  throw new AuditDamage(
    'unknown-key',
    sequence,
    `the ${kind} at event ${sequence} is signed by ${fingerprint(key)}, which is not this log's key`,
    { hint: 'is it the key of this cluster? mezctl audit key prints it' },
  )
}

function readSigner(
  signature: Uint8Array,
  message: string,
  kind: StatementKind,
  sequence: number,
): SshPublicKey {
  try {
    return verifyMessage(signature, CHECKPOINT_NAMESPACE, message)
  } catch (cause) {
    const what = `the signature of the ${kind} at event ${sequence} does not verify`
    throw new AuditDamage('bad-signature', sequence, what, { cause })
  }
}

export function formatStatement(
  kind: StatementKind,
  clusterId: string,
  { sequence, hash, time }: Statement,
): string {
  return `mezite audit ${kind} v1
cluster ${clusterId}
sequence ${sequence}
hash ${hash.toString('hex')}
time ${new Date(time).toISOString()}
`
}

/** A checkpoint as a file to be kept elsewhere: its statement, an empty line, its signature. */
export function formatCheckpoint(clusterId: string, checkpoint: CheckpointRecord): string {
  const statement = formatStatement('checkpoint', clusterId, checkpoint)
  return `${statement}\n${encodeSignatureArmor(checkpoint.signature)}`
}

const CHECKPOINT_FILE =
  /^mezite audit checkpoint v1\ncluster (\S+)\nsequence (\d{1,15})\nhash ([0-9a-f]{64})\ntime (\S+)\n\n/

/** Doesn't verify it. @throws AuditDamage `malformed` */
export function parseCheckpoint(text: string): {
  readonly clusterId: string
  readonly checkpoint: CheckpointRecord
} {
  const [head = '', clusterId = '', sequence = '', hash = '', time = ''] =
    CHECKPOINT_FILE.exec(text) ?? []
  const checkpoint = {
    sequence: Number(sequence),
    hash: Buffer.from(hash, 'hex'),
    time: Date.parse(time),
    signature: readArmor(text.slice(head.length)),
  }
  if (head !== '' && Number.isFinite(checkpoint.time)) {
    if (formatCheckpoint(clusterId, checkpoint) === text) return { clusterId, checkpoint }
  }
  throw notACheckpoint()
}

function readArmor(text: string): Buffer {
  try {
    return parseSignatureArmor(text)
  } catch (cause) {
    throw notACheckpoint(cause)
  }
}

function notACheckpoint(cause?: unknown): AuditDamage {
  return new AuditDamage('malformed', undefined, 'this is not a checkpoint of an audit log', {
    hint: 'mezctl audit checkpoint prints one',
    cause,
  })
}
