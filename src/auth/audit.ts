/**
 * The audit log as a whole: who reads it, signs it, prunes it and copies it. It is written elsewhere,
 * by every act, in the act's own commit (storage.ts).
 *
 * Invariants:
 * - An event is in the log if and only if its act has happened.
 * - Events are numbered without gaps and chained by hash (audit-chain.ts). The hub signs the chain now
 *   and then, having followed it from what it had signed before (audit-signing.ts).
 * - The log begins with event 1, or after an anchor that the hub has signed (audit-retention.ts).
 * - No reader, and no sink that fails, holds up an act.
 */
import type { AuditDamage } from './audit-damage.ts'
import {
  type ExportRange,
  type ExportStart,
  type LogPart,
  readLines,
  startExport,
} from './audit-export.ts'
import type { AuditReader, CheckpointRecord } from './audit-log.ts'
import { createAuditRetention } from './audit-retention.ts'
import { type AuditSigning, createAuditSigning } from './audit-signing.ts'
import {
  type AuditSink,
  createAuditSink,
  type SinkObserver,
  type SinkPlace,
  type SinkState,
} from './audit-sink.ts'
import type { Verified } from './audit-verifier.ts'
import type { AuthContext } from './context.ts'
import { AuthError } from './errors.ts'
import { StoreError } from './storage.ts'

export interface AuditOptions {
  /** How long events are kept, in milliseconds; undefined: for ever. */
  readonly keepMs?: number | undefined
  readonly sink?: { readonly place: SinkPlace; readonly observer: SinkObserver } | undefined
  readonly onDamage?: ((damage: AuditDamage) => void) | undefined
  /** By which events grow old: see hub-clock.ts. Left out: the clock. */
  readonly steady?: (() => number) | undefined
}

/** The log at a glance. */
export interface AuditState {
  /** Those that are not pruned. */
  readonly events: number
  readonly newest: number
  readonly signed: Pick<CheckpointRecord, 'sequence' | 'time'> | undefined
  /** Why it is signed no more. */
  readonly damage: string | undefined
  readonly sink: (SinkState & { readonly behind: number }) | undefined
}

export interface Audit {
  readonly reader: AuditReader
  readonly signing: AuditSigning
  readonly sink: AuditSink | undefined
  /** @throws AuthError `invalid-request` */
  startExport(range: ExportRange): Promise<ExportStart>
  readLines(after: number, through: number): Promise<LogPart>
  /**
   * Signs the newest event, then verifies everything up to it.
   *
   * @throws AuditDamage; the signal's reason when aborted
   */
  verify(request: {
    readonly held: CheckpointRecord | undefined
    readonly onProgress: (events: number) => void
    readonly signal: AbortSignal
  }): Promise<Verified>
  state(): Promise<AuditState>
  /** What has to go on in the background, until aborted. */
  run(signal: AbortSignal): Promise<void>
  /** When no more acts come: signs what is left, and gives it to the sink. */
  close(): Promise<void>
}

/** Events of one part of an export: half a megabyte, or some more. */
const PART = 1_000

export function createAudit(context: AuthContext, options: AuditOptions = {}): Audit {
  const reader = context.store.audit
  const signing = createAuditSigning(context, options.onDamage)
  const sink = options.sink && createAuditSink(context, options.sink.place, options.sink.observer)
  // What the sink hasn't got yet is nowhere else.
  const mostPruned = () => sink?.state.last ?? Number.MAX_SAFE_INTEGER
  const retention = createAuditRetention(
    context,
    signing,
    options.keepMs,
    mostPruned,
    options.steady,
  )

  /** A damaged log, and a store that fails, are for others to tell of. */
  async function signIfPossible(): Promise<void> {
    await signing.checkpoint().catch((error: unknown) => {
      if (!(error instanceof AuthError || error instanceof StoreError)) throw error
    })
  }

  return {
    reader,
    signing,
    sink,
    startExport: (range) => startExport(context, signing, range),
    readLines: (after, through) => readLines(context, { after, through, limit: PART }),

    async verify(request) {
      await signIfPossible()
      return reader.verify({ ...request, trust: signing.trust })
    },

    async state() {
      const [events, { sequence: newest }] = [await reader.count(), await reader.head()]
      const signed = await reader.checkpointBefore(newest)
      const sinkState = sink?.state
      return {
        ...{ events, newest, signed, damage: signing.damage?.message },
        sink: sinkState && { ...sinkState, behind: newest - sinkState.last },
      }
    },

    async run(signal) {
      await Promise.all([signing.run(signal), retention.run(signal), sink?.run(signal)])
    },

    async close() {
      await signIfPossible()
      await sink?.close()
    },
  }
}
