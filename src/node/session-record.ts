/** A record of the spool, as the hook writes it. Pure. */
import { sha256 } from '../base/bytes.ts'
import { parseCertificateLine, type SshCertificate, verifyCertificate } from '../ssh/certificate.ts'
import { isSameKey, type SshPublicKey } from '../ssh/public-key.ts'
import type { ProcessId } from './proc.ts'
import type { Session } from './session.ts'
import { RECORD_END, RECORD_HEADER } from './session-hook.ts'

export interface SessionRecord {
  readonly kind: 'open' | 'close'
  readonly login: string
  readonly address: string
  readonly monitor: ProcessId
  /** As SSH_CONNECTION has it (ssh(1)); empty where sshd doesn't say. */
  readonly connection: string
  /** The ways in which the client was recognised: `publickey TYPE BASE64`. */
  readonly methods: readonly string[]
}

const ADDRESS = '[0-9A-Fa-f.:]{2,45}(?:%[\\w.-]{1,15})?'
const CONNECTION = new RegExp(`^${ADDRESS} \\d{1,5} ${ADDRESS} \\d{1,5}$`)

/** Client's address and port, server's address and port; empty for what names no connection. */
export function parseConnection(text: string): string {
  return CONNECTION.test(text) ? text : ''
}

const KINDS = { open_session: 'open', close_session: 'close' } as const

/** @returns `partial` for one that is being written, `alien` for anything else */
export function parseRecord(text: string): SessionRecord | 'partial' | 'alien' {
  const lines = text.split('\n')
  const [header, type = '', login = '', address = '', pid = '', ticks = '', ...others] = lines
  const [connectionText = '', ...rest] = others
  const last = rest.pop()
  const end = rest.pop()
  if (last !== '' || end !== RECORD_END) {
    return `${RECORD_HEADER}\n`.startsWith(text.slice(0, RECORD_HEADER.length + 1))
      ? 'partial'
      : 'alien'
  }
  const kind = type === 'open_session' || type === 'close_session' ? KINDS[type] : undefined
  const isWellFormed = /^[1-9]\d{0,9}$/.test(pid) && /^\d{1,19}$/.test(ticks) && login !== ''
  if (header !== RECORD_HEADER || kind === undefined || !isWellFormed) return 'alien'
  const monitor = { pid: Number(pid), startTicks: BigInt(ticks) }
  const connection = parseConnection(connectionText)
  const methods = rest.filter((line) => line !== '')
  return { kind, login, address, monitor, connection, methods }
}

const KEY_ID = /^bot\/([a-z0-9._-]{1,63})\/instance\/([0-9a-f-]{36})\/generation\/\d{1,19}$/

/** Where a record was found. */
export interface RecordOrigin {
  /** When the record was written; milliseconds since the epoch. */
  readonly time: number
  readonly bootId: string
  readonly userCas: readonly SshPublicKey[]
}

/** The session that a record opens; undefined when no certificate of the cluster's opened it. */
export function sessionOf(record: SessionRecord, origin: RecordOrigin): Session | undefined {
  const { login, address, monitor, connection } = record
  const { time, bootId, userCas } = origin
  for (const method of record.methods) {
    const certificate = certificateOf(method, userCas)
    const [, bot, instanceId] = KEY_ID.exec(certificate?.keyId ?? '') ?? []
    if (certificate === undefined || bot === undefined || instanceId === undefined) continue
    const parts = [bootId, monitor.pid, monitor.startTicks, certificate.serial]
    const id = sha256(Buffer.from(parts.join('\0'))).toString('hex', 0, 16)
    const { serial: certificateSerial } = certificate
    const who = { login, bot, instanceId, certificateSerial, address }
    return { id, bootId, monitor, connection, isLost: false, ...who, startedAt: time }
  }
  return undefined
}

function certificateOf(
  method: string,
  userCas: readonly SshPublicKey[],
): SshCertificate | undefined {
  const [, line] = /^publickey (\S+ \S+)$/.exec(method) ?? []
  if (line === undefined) return undefined
  try {
    const { certificate } = parseCertificateLine(line)
    const authority = userCas.find((key) => isSameKey(key, certificate.signatureKey))
    if (authority === undefined) return undefined
    verifyCertificate(certificate, authority)
    return certificate
  } catch {
    // Another authority's certificate can be of a kind that Mezite never writes.
    return undefined
  }
}
