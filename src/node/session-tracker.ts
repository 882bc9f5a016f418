/**
 * Follows the sessions on this machine: what the hook has spooled becomes a live session and an
 * event for the hub, and whom a lock has hit is ended.
 *
 * An event is on the disk before the record that it comes from goes, so a crash repeats, and never
 * loses. A session is known by sshd's monitor process; one whose monitor has gone without a record
 * is `lost`.
 */
import { SECOND } from '../base/clock.ts'
import type { FileSystem } from '../base/file-system.ts'
import type { Waker } from '../base/waker.ts'
import type { EndReason, SessionEvent } from '../client/node-hub.ts'
import { type ActivityObserver, during } from '../identity/activity.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { endSession } from './end-session.ts'
import type { EventQueue } from './event-queue.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { NodePorts } from './ports.ts'
import { isRunning } from './proc.ts'
import { endOf, type Session, startOf } from './session.ts'
import { type Judgement, SessionMap } from './session-map.ts'
import { sessionOf } from './session-record.ts'
import { readSpool, removeRecord, type SpooledRecord } from './session-spool.ts'

export interface SessionTrackerOptions {
  readonly ports: Pick<NodePorts, 'fs' | 'clock' | 'processes'>
  readonly spool: string
  readonly queue: EventQueue
  readonly live: LiveSessions
  /** Of the machine's running; `/proc/sys/kernel/random/boot_id`. */
  readonly bootId: string
  readonly userCas: () => readonly SshPublicKey[]
  readonly judgement: () => Judgement
  readonly observer: ActivityObserver<'sessions'>
  /** Told of what is in the queue now. */
  readonly onEvent: (event: SessionEvent) => void
  readonly onFailure: (error: unknown) => void
}

const SCAN_MS = SECOND

export class SessionTracker {
  readonly #options: SessionTrackerOptions
  readonly #fs: FileSystem
  readonly #map = new SessionMap()
  /** Sessions whose monitor was gone at the last scan. */
  #missing: ReadonlySet<string> = new Set()
  readonly #endings = new Set<Promise<void>>()

  constructor(options: SessionTrackerOptions) {
    this.#options = options
    this.#fs = options.ports.fs
  }

  get sessions(): readonly Session[] {
    return this.#map.all
  }

  /** Takes up what an earlier agent has left. */
  async load(): Promise<void> {
    for (const session of await this.#options.live.load()) {
      this.#map.add(session)
      if (session.bootId !== this.#options.bootId) await this.#close(session, this.#now(), 'lost')
    }
  }

  /** Scans when it is woken, and once a second, until the signal is aborted. */
  async run(waker: Waker, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await during(this.#options.observer, 'sessions', () => this.scan())
        this.enforce()
      } catch (error) {
        this.#options.onFailure(error)
      }
      await waker.wait(SCAN_MS, signal)
    }
    await Promise.all(this.#endings)
  }

  /** Takes the records of the spool, and misses those who have gone without one. */
  async scan(): Promise<void> {
    const { spool } = this.#options
    for (const spooled of await readSpool(this.#fs, spool, this.#now())) {
      await this.#take(spooled)
      await removeRecord(this.#fs, spooled.path)
    }
    await this.#findLost()
  }

  /** Ends those whom a lock has hit. It isn't waited for. */
  enforce(): void {
    for (const session of this.#map.locked(this.#options.judgement())) this.#end(session, 'locked')
  }

  /** Ends sessions that the hub names; those that have gone are no concern of anybody. */
  end(ids: readonly string[]): void {
    for (const id of ids) {
      const session = this.#map.get(id.slice(id.lastIndexOf('/') + 1))
      if (session !== undefined) this.#end(session, 'ended')
    }
  }

  async #take({ record, time }: SpooledRecord): Promise<void> {
    const { bootId, userCas, queue, live, onEvent } = this.#options
    if (record.kind === 'close') {
      const session = this.#map.byMonitor(record.monitor)
      if (session !== undefined) await this.#close(session, time, 'closed')
      return
    }
    const session = sessionOf(record, { time, bootId, userCas: userCas() })
    if (session === undefined) return
    await live.add(session)
    const event = startOf(session)
    await queue.add(event)
    this.#map.add(session)
    onEvent(event)
  }

  /** Twice missing: the record of its end may just have been on its way. */
  async #findLost(): Promise<void> {
    const missing = new Set<string>()
    for (const session of this.#map.all) {
      if (await isRunning(this.#options.ports.processes.fs, session.monitor)) continue
      if (this.#missing.has(session.id)) await this.#close(session, this.#now(), 'lost')
      else missing.add(session.id)
    }
    this.#missing = missing
  }

  async #close(session: Session, time: number, otherwise: EndReason): Promise<void> {
    const { queue, live, onEvent } = this.#options
    const event = endOf(session, time, this.#map.reasonFor(session.id, otherwise))
    await queue.add(event)
    await live.remove(session.id)
    this.#map.remove(session.id)
    onEvent(event)
  }

  #end(session: Session, reason: EndReason): void {
    if (!this.#map.beginEnding(session.id, reason)) return
    const ending = endSession(session.monitor, this.#options.ports.processes)
      .then((hasEnded) => {
        if (!hasEnded) throw new Error(`session ${session.id} has not ended`)
      })
      .catch((error: unknown) => {
        this.#map.giveUpEnding(session.id)
        this.#options.onFailure(error)
      })
      .finally(() => this.#endings.delete(ending))
    this.#endings.add(ending)
  }

  #now(): number {
    return this.#options.ports.clock.now()
  }
}
