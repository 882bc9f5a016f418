/** An audit log out of nothing, signed as a hub would. */
import { CHAIN_START, chainHash } from '../../src/auth/audit-chain.ts'
import { signStatement } from '../../src/auth/audit-checkpoint.ts'
import type { StoredAuditEvent } from '../../src/auth/audit-event.ts'
import type { LogHeader, LogLine } from '../../src/auth/audit-lines.ts'
import type { CheckpointRecord } from '../../src/auth/audit-log.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import type { SshPublicKey } from '../../src/ssh/public-key.ts'
import { createSshSigner, type SshSigner } from '../../src/ssh/signature.ts'

export const CLUSTER = '5f0c2f6e-3a54-4a8f-9a35-7d7a3f1f8c11'
const START = Date.UTC(2026, 2, 24, 14)

export interface FakeLog {
  readonly header: LogHeader
  /** Events, with a checkpoint after every fifth. */
  readonly lines: readonly LogLine[]
  readonly events: readonly StoredAuditEvent[]
  readonly key: SshPublicKey
  readonly signer: SshSigner
  checkpointOf(sequence: number): CheckpointRecord
  anchorAt(sequence: number): CheckpointRecord
}

export function fakeLog(
  count: number,
  {
    signer = createSshSigner(generatePrivateKey('ssh-ed25519')),
    actor = 'bot:ci',
  }: { readonly signer?: SshSigner; readonly actor?: string } = {},
): FakeLog {
  const events: StoredAuditEvent[] = []
  for (let sequence = 1; sequence <= count; sequence++) {
    events.push(nextEvent(events, sequence, actor))
  }
  const statementOf = (sequence: number) => ({
    sequence,
    hash: events[sequence - 1]?.hash ?? CHAIN_START.hash,
    time: START + 1_000 * sequence,
  })
  const checkpointOf = (sequence: number) =>
    signStatement(signer, 'checkpoint', CLUSTER, statementOf(sequence))
  const lines = events.flatMap((event): readonly LogLine[] => [
    { kind: 'event', event },
    ...(event.sequence % 5 === 0
      ? [{ kind: 'checkpoint', checkpoint: checkpointOf(event.sequence) } as const]
      : []),
  ])
  const key = signer.publicKey
  return {
    header: { clusterId: CLUSTER, key, after: CHAIN_START, checkpoint: checkpointOf(count) },
    ...{ lines, events, key, signer, checkpointOf },
    anchorAt: (sequence) => signStatement(signer, 'anchor', CLUSTER, statementOf(sequence)),
  }
}

function nextEvent(
  before: readonly StoredAuditEvent[],
  sequence: number,
  actor: string,
): StoredAuditEvent {
  const event = {
    ...{ sequence, version: 1, time: START + 1_000 * sequence, outcome: 'success' as const },
    ...{ type: 'bot.renew', code: 'MZ4002I', actor, address: '192.0.2.7' },
    ...(sequence % 3 !== 0 && { bot: 'ci', instanceId: 'one' }),
    fields: { generation: String(sequence), serial: '7' },
  }
  const previous = before.at(-1)?.hash ?? CHAIN_START.hash
  return { ...event, hash: chainHash(previous, event) }
}

/** The event with another actor, and the hash that it then has after the one before it. */
export function forged(event: StoredAuditEvent, previous: Uint8Array): StoredAuditEvent {
  const changed = { ...event, actor: 'local' }
  return { ...changed, hash: chainHash(previous, changed) }
}
