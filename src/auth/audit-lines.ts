/**
 * The audit log as JSON lines: what `mezctl audit export` writes, and the hub's sink. The first line
 * says whose log it is and where it begins; then events and checkpoints follow in their order.
 *
 * Each line has one spelling. Whoever reads a line writes it again and compares, so that nothing in
 * it can be changed that a hash would miss.
 */
import { encodePublicKeyLine, parsePublicKey, type SshPublicKey } from '../ssh/public-key.ts'
import type { ChainHead } from './audit-chain.ts'
import { AuditDamage } from './audit-damage.ts'
import type { StoredAuditEvent } from './audit-event.ts'
import type { CheckpointRecord } from './audit-log.ts'

/** The first line. */
export interface LogHeader {
  readonly clusterId: string
  /** The key that the hub signs with, for information: trust comes from elsewhere. */
  readonly key: SshPublicKey
  /** The last event before those that follow. */
  readonly after: ChainHead
  /** That everything up to `after` was pruned. */
  readonly anchor?: CheckpointRecord | undefined
  /** Of the last event that follows; absent where the log goes on for as long as the hub runs. */
  readonly checkpoint?: CheckpointRecord | undefined
}

export type LogLine =
  | { readonly kind: 'log'; readonly header: LogHeader }
  | { readonly kind: 'event'; readonly event: StoredAuditEvent }
  | { readonly kind: 'checkpoint'; readonly checkpoint: CheckpointRecord }

export function encodeHeader(header: LogHeader): string {
  const { clusterId, key, after, anchor, checkpoint } = header
  return encode({
    kind: 'log',
    format: 1,
    cluster: clusterId,
    key: encodePublicKeyLine(key),
    after: after.sequence,
    hash: after.hash.toString('hex'),
    anchor: anchor ? signedJson(anchor) : null,
    checkpoint: checkpoint ? signedJson(checkpoint) : null,
  })
}

export function encodeEvent(event: StoredAuditEvent): string {
  return encode({
    kind: 'event',
    version: event.version,
    sequence: event.sequence,
    time: new Date(event.time).toISOString(),
    type: event.type,
    code: event.code,
    outcome: event.outcome,
    actor: event.actor,
    address: event.address,
    bot: event.bot ?? null,
    instance_id: event.instanceId ?? null,
    fields: event.fields ?? {},
    hash: event.hash.toString('hex'),
  })
}

export function encodeCheckpoint(checkpoint: CheckpointRecord): string {
  return encode({ kind: 'checkpoint', ...signedJson(checkpoint) })
}

function signedJson({ sequence, hash, time, signature }: CheckpointRecord) {
  return {
    sequence,
    hash: hash.toString('hex'),
    time: new Date(time).toISOString(),
    signature: signature.toString('base64'),
  }
}

function encode(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

/**
 * @param line with or without its line end
 * @throws AuditDamage `malformed`
 */
export function parseLogLine(line: string): LogLine {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line
  const value = parseObject(text)
  const parsed = value && readLine(value)
  if (!parsed || encodeLogLine(parsed) !== `${text}\n`) throw malformed(value)
  return parsed
}

function encodeLogLine(line: LogLine): string {
  switch (line.kind) {
    case 'log':
      return encodeHeader(line.header)
    case 'event':
      return encodeEvent(line.event)
    case 'checkpoint':
      return encodeCheckpoint(line.checkpoint)
  }
}

type Values = Readonly<Record<string, unknown>>

function parseObject(text: string): Values | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readLine(values: Values): LogLine | undefined {
  switch (values['kind']) {
    case 'log': {
      const header = readHeader(values)
      return header && { kind: 'log', header }
    }
    case 'event': {
      const event = readEvent(values)
      return event && { kind: 'event', event }
    }
    case 'checkpoint': {
      const checkpoint = readSigned(values)
      return checkpoint && { kind: 'checkpoint', checkpoint }
    }
    default:
      return undefined
  }
}

function readHeader(values: Values): LogHeader | undefined {
  const { cluster, after, hash, anchor, checkpoint } = values
  const key = readKey(values['key'])
  const isComplete =
    values['format'] === 1 && key && typeof cluster === 'string' && isCount(after) && isText(hash)
  if (!isComplete) return undefined
  return {
    clusterId: cluster,
    key,
    after: { sequence: after, hash: Buffer.from(hash, 'hex') },
    anchor: isObject(anchor) ? readSigned(anchor) : undefined,
    checkpoint: isObject(checkpoint) ? readSigned(checkpoint) : undefined,
  }
}

function readKey(value: unknown): SshPublicKey | undefined {
  if (!isText(value)) return undefined
  try {
    return parsePublicKey(Buffer.from(value.split(' ')[1] ?? '', 'base64'))
  } catch {
    return undefined
  }
}

function readEvent(values: Values): StoredAuditEvent | undefined {
  const { version, sequence, type, code, outcome, actor, address, bot, fields, hash } = values
  const instanceId = values['instance_id']
  const time = readTime(values['time'])
  const isComplete =
    isCount(version) &&
    isCount(sequence) &&
    time !== undefined &&
    isText(type) &&
    isText(code) &&
    (outcome === 'success' || outcome === 'refused') &&
    isText(actor) &&
    isText(address) &&
    (isText(bot) || bot === null) &&
    (isText(instanceId) || instanceId === null) &&
    isTexts(fields) &&
    isText(hash)
  if (!isComplete) return undefined
  return {
    ...{ version, sequence, time, type, code, outcome, actor, address, fields },
    ...(bot !== null && { bot }),
    ...(instanceId !== null && { instanceId }),
    hash: Buffer.from(hash, 'hex'),
  }
}

function readSigned(values: Values): CheckpointRecord | undefined {
  const { sequence, hash, signature } = values
  const time = readTime(values['time'])
  if (!(isCount(sequence) && isText(hash) && isText(signature))) return undefined
  if (time === undefined) return undefined
  return {
    sequence,
    hash: Buffer.from(hash, 'hex'),
    time,
    signature: Buffer.from(signature, 'base64'),
  }
}

function readTime(value: unknown): number | undefined {
  const time = isText(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every(isText)
}

/** Names the event, where the line still says which. */
function malformed(value: Values | undefined): AuditDamage {
  const sequence = value?.['sequence']
  const of = isCount(sequence) ? sequence : undefined
  const what = of === undefined ? 'a line' : `the line of event ${of}`
  return new AuditDamage('malformed', of, `${what} is not as the hub writes it`)
}
