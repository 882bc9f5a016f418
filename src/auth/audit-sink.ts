/**
 * Copies the audit log, as JSON lines, to where others read it: a file or a stream. What can't be
 * written is written later, from the store: the hub waits for no sink.
 *
 * Each event is written once and in its order, as long as the place keeps what was written; after a
 * crash the sink goes on after the last whole line that it finds there.
 */
import { type Clock, MINUTE, SECOND } from '../base/clock.ts'
import { Waker } from '../base/waker.ts'
import type { ChainHead } from './audit-chain.ts'
import { headAt, readLines } from './audit-export.ts'
import { encodeCheckpoint, encodeHeader, parseLogLine } from './audit-lines.ts'
import type { AuthContext } from './context.ts'
import { StoreError } from './storage.ts'

/** Where the lines go. Whatever it throws is told, and tried again. */
export interface SinkPlace {
  /** `file /var/log/mezite/audit.jsonl`, for people. */
  readonly description: string
  /** Whether it is to have all that there is, or what happens from now on. */
  readonly begins: 'at-first-event' | 'now'
  /**
   * Opens it, or opens it anew after it was put aside. Returns the end of what stands there, in whole
   * lines, an event's among them where there is one.
   */
  open(): Promise<string>
  /** Whole lines. Where it fails some may be left there, which the next `open` tells. */
  write(text: string): Promise<void>
  close(): Promise<void>
}

export interface SinkState {
  readonly description: string
  /** Why nothing can be written; undefined while all is well. */
  readonly problem: string | undefined
  readonly failingSince: number | undefined
  /** The last event that was written. */
  readonly last: number
}

export interface AuditSink {
  readonly state: SinkState
  /** Opens the place anew, before the next line: its file was put aside. */
  reopen(): void
  /** Writes what there is, and what comes, until aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Writes what is left, once; then lets go of the place. */
  close(): Promise<void>
}

/** Told when writing begins to fail, and when it works again. */
export interface SinkObserver {
  onFailure(error: unknown): void
  onRecovery(): void
  /** What stands there doesn't end as the log goes on. */
  onBreak(last: number): void
}

const PART = 1_000
/** What happens within so long is written together. */
const GATHER = 100
const FIRST_RETRY = SECOND
const LONGEST_RETRY = MINUTE
/** Without an act, nothing wakes it. */
const IDLE = MINUTE

type Context = Pick<AuthContext, 'store' | 'authorities'> & {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
}

export function createAuditSink(
  context: Context,
  place: SinkPlace,
  observer: SinkObserver,
): AuditSink {
  const { store, clock, authorities } = context
  const waker = new Waker(clock)
  let isOpen = false
  let last = 0
  let lastCheckpoint = 0
  let problem: string | undefined
  let failingSince: number | undefined

  /** Finds where to go on; where that isn't where the place ends, a new first line says so. */
  async function open(): Promise<void> {
    const found = readEnd(await place.open())
    const goesOn = found.last !== undefined && (await isGoneOnFrom(found.last))
    if (goesOn) {
      last = found.last.sequence
    } else {
      const after = await whereToBegin(found.last)
      await place.write(await header(after))
      last = after
    }
    lastCheckpoint = Math.max(lastCheckpoint, goesOn ? found.lastCheckpoint : last)
    isOpen = true
  }

  async function isGoneOnFrom(end: ChainHead): Promise<boolean> {
    const start = (await store.audit.anchor())?.sequence ?? 0
    return end.sequence >= start && (await isOnTheChain(end))
  }

  async function whereToBegin(end: ChainHead | undefined): Promise<number> {
    const start = (await store.audit.anchor())?.sequence ?? 0
    const newest = (await store.audit.head()).sequence
    if (end) {
      observer.onBreak(end.sequence)
      // Pruned meanwhile, or not this log's: of a store that was restored it has much already.
      return end.sequence < start ? start : newest
    }
    if (last > 0) return Math.max(start, last)
    return place.begins === 'now' ? newest : start
  }

  async function isOnTheChain({ sequence, hash }: ChainHead): Promise<boolean> {
    if (sequence > (await store.audit.head()).sequence) return false
    return (await headAt(context, sequence)).hash.equals(hash)
  }

  async function header(after: number): Promise<string> {
    const anchor = await store.audit.anchor()
    return encodeHeader({
      clusterId: store.clusterId,
      key: authorities.audit.publicKey,
      after: await headAt(context, after),
      anchor: anchor?.sequence === after ? anchor : undefined,
    })
  }

  async function writeAll(): Promise<void> {
    if (!isOpen) await open()
    const newest = (await store.audit.head()).sequence
    while (last < newest) {
      const part = await readLines(context, { after: last, through: newest, limit: PART })
      if (part.last === last) break
      await place.write(part.text)
      lastCheckpoint = Math.max(lastCheckpoint, part.lastCheckpoint)
      last = part.last
    }
    // Those that were made of events which had been written.
    const range = { after: lastCheckpoint, through: last, limit: PART }
    for (const checkpoint of await store.audit.checkpoints(range)) {
      await place.write(encodeCheckpoint(checkpoint))
      lastCheckpoint = checkpoint.sequence
    }
  }

  /** Whether it went well. */
  async function attempt(): Promise<boolean> {
    try {
      await writeAll()
    } catch (error) {
      if (problem === undefined) observer.onFailure(error)
      problem = error instanceof Error ? error.message : String(error)
      failingSince ??= clock.now()
      if (!(error instanceof StoreError)) isOpen = false
      return false
    }
    if (problem !== undefined) observer.onRecovery()
    problem = failingSince = undefined
    return true
  }

  return {
    get state() {
      return { description: place.description, problem, failingSince, last }
    },

    reopen() {
      isOpen = false
      waker.wake()
    },

    async run(signal) {
      const stop = store.changes.subscribe(() => waker.wake())
      let retry = FIRST_RETRY
      while (!signal.aborted) {
        const isWell = await attempt()
        retry = isWell ? FIRST_RETRY : Math.min(2 * retry, LONGEST_RETRY)
        if (isWell) await waker.wait(IDLE, signal)
        // Not woken by every act while it fails, nor for each of many.
        await clock.sleep(isWell ? GATHER : retry, signal).catch(() => {})
      }
      stop()
    },

    async close() {
      await attempt()
      await place.close().catch(() => {})
    },
  }
}

/** The event after which the place ends, and the last checkpoint in it. */
function readEnd(text: string): {
  readonly last: ChainHead | undefined
  readonly lastCheckpoint: number
} {
  let last: ChainHead | undefined
  let lastCheckpoint = 0
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const parsed = parseLogLine(line)
    if (parsed.kind === 'log') last = parsed.header.after
    else if (parsed.kind === 'event') last = parsed.event
    else lastCheckpoint = parsed.checkpoint.sequence
  }
  return { last, lastCheckpoint }
}
