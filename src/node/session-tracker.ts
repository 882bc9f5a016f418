/**
 * Follows the sessions on this machine: what the hook has spooled becomes a live session and an
 * event for the hub, and whom a lock has hit is ended.
 *
 * An event is on the disk before the record that it comes from goes, so a crash repeats, and never
 * loses. A session is known by sshd's monitor process; one whose monitor has gone without a record
 * is `lost`. Its connection is ended then; what it has started stays, as after any other end, but is
 * known for as long as it runs, and ended with the sessions when a lock comes.
 */
import { SECOND } from '../base/clock.ts'
import { systemErrorCode } from '../base/errors.ts'
import type { FileSystem } from '../base/file-system.ts'
import type { Waker } from '../base/waker.ts'
import type { EndReason, SessionEvent } from '../client/node-hub.ts'
import { type ActivityObserver, during } from '../identity/activity.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { endSessions } from './end-session.ts'
import type { EventQueue } from './event-queue.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { NodePorts, ProcessPorts } from './ports.ts'
import { isRunning, readProcessTable } from './proc.ts'
import { endOf, type Session, startOf } from './session.ts'
import { type Judgement, SessionMap } from './session-map.ts'
import {
  NO_TRACES,
  type SessionMembers,
  type SessionTraces,
  sessionMembers,
  tracesOf,
} from './session-members.ts'
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
/** How many scans go by before it is looked again what is left of lost sessions. */
const LOST_SCANS = 30

export class SessionTracker {
  readonly #options: SessionTrackerOptions
  readonly #fs: FileSystem
  readonly #map = new SessionMap()
  /** Sessions whose monitor was gone at the last scan. */
  #missing: ReadonlySet<string> = new Set()
  /** Of sessions that have a monitor, or had one. */
  readonly #traces = new Map<string, SessionTraces>()
  #scans = 0
  readonly #endings = new Set<Promise<void>>()

  constructor(options: SessionTrackerOptions) {
    this.#options = options
    this.#fs = options.ports.fs
  }

  get sessions(): readonly Session[] {
    return this.#map.all.filter(({ isLost }) => !isLost)
  }

  /** Takes up what an earlier agent has left. */
  async load(): Promise<void> {
    for (const session of await this.#options.live.load()) {
      this.#map.add(session)
      if (session.bootId === this.#options.bootId) continue
      if (session.isLost) await this.#forget(session)
      else await this.#close(session, this.#now(), 'lost')
    }
  }

  /** Scans when it is woken, and once a second, until the signal is aborted. */
  async run(waker: Pick<Waker, 'wait'>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await during(this.#options.observer, 'sessions', () => this.scan())
      } catch (error) {
        this.#options.onFailure(error)
      }
      this.enforce()
      await waker.wait(SCAN_MS, signal)
    }
    await Promise.all(this.#endings)
  }

  /** Takes the records of the spool, and misses those who have gone without one. */
  async scan(): Promise<void> {
    const { spool } = this.#options
    const records = await readSpool(this.#fs, spool, this.#now())
    for (const spooled of records) this.#know(spooled)
    for (const spooled of records) {
      await this.#take(spooled)
      await removeRecord(this.#fs, spooled.path)
    }
    await this.#findLost()
  }

  /** Ends those whom a lock has hit. It isn't waited for. */
  enforce(): void {
    this.#end(this.#map.locked(this.#options.judgement()), 'locked')
  }

  /** Ends sessions that the hub names; those that have gone are no concern of anybody. */
  end(ids: readonly string[]): void {
    const sessions = ids.map((id) => this.#map.get(id.slice(id.lastIndexOf('/') + 1)))
    this.#end(
      sessions.filter((it) => it !== undefined),
      'ended',
    )
  }

  /** Has locks end it, even where the disk takes nothing of it: its record stays until it does. */
  #know(spooled: SpooledRecord): void {
    const session = this.#openedBy(spooled)
    if (session === undefined || this.#map.get(session.id) !== undefined) return
    if (isRunning(this.#options.ports.processes.proc, session.monitor)) this.#map.add(session)
  }

  /** Undefined for a record of anything but the start of a session of the cluster's. */
  #openedBy({ record, time }: SpooledRecord): Session | undefined {
    const { bootId, userCas } = this.#options
    if (record.kind === 'close') return undefined
    return sessionOf(record, { time, bootId, userCas: userCas() })
  }

  async #take(spooled: SpooledRecord): Promise<void> {
    const { queue, live, onEvent } = this.#options
    const { record, time } = spooled
    if (record.kind === 'close') {
      const session = this.#map.byMonitor(record.monitor)
      if (session !== undefined) await this.#close(session, time, 'closed')
      return
    }
    const session = this.#openedBy(spooled)
    if (session === undefined) return
    await live.add(session)
    const event = startOf(session)
    await queue.add(event)
    this.#map.add(session)
    onEvent(event)
  }

  /** Twice missing: the record of its end may just have been on its way. */
  async #findLost(): Promise<void> {
    const { proc } = this.#options.ports.processes
    const missing = new Set<string>()
    for (const session of this.sessions) {
      if (isRunning(proc, session.monitor)) this.#learn(session)
      else if (this.#missing.has(session.id)) await this.#lose(session)
      else missing.add(session.id)
    }
    this.#missing = missing
    this.#scans += 1
    if (this.#scans % LOST_SCANS === 0) await this.#forgetGone()
  }

  /** What tells its processes when the monitor doesn't any more. */
  #learn(session: Session): void {
    const known = this.#traces.get(session.id)
    if (known?.user !== undefined) return
    const { proc } = this.#options.ports.processes
    this.#traces.set(session.id, tracesOf(proc, session, known ?? NO_TRACES))
  }

  async #lose(session: Session): Promise<void> {
    const { ports, queue, live, onEvent } = this.#options
    const { sshd, started } = await this.#membersOf(session)
    for (const { pid } of sshd) killQuietly(ports.processes, pid)
    if (started.length === 0) return await this.#close(session, this.#now(), 'lost')
    const event = endOf(session, this.#now(), this.#map.reasonFor(session.id, 'lost'))
    await queue.add(event)
    const lost = { ...session, isLost: true }
    await live.add(lost)
    this.#map.add(lost)
    onEvent(event)
  }

  /** Lost sessions of which nothing is left. */
  async #forgetGone(): Promise<void> {
    for (const session of this.#map.all.filter(({ isLost }) => isLost)) {
      const { started } = await this.#membersOf(session)
      if (started.length === 0) await this.#forget(session)
    }
  }

  async #membersOf(session: Session): Promise<SessionMembers> {
    const { processes } = this.#options.ports
    const table = readProcessTable(processes.proc)
    return await sessionMembers(processes, table, session, this.#traces.get(session.id))
  }

  async #forget({ id }: Session): Promise<void> {
    await this.#options.live.remove(id)
    this.#map.remove(id)
    this.#traces.delete(id)
  }

  async #close(session: Session, time: number, otherwise: EndReason): Promise<void> {
    const event = endOf(session, time, this.#map.reasonFor(session.id, otherwise))
    await this.#options.queue.add(event)
    await this.#forget(session)
    this.#options.onEvent(event)
  }

  #end(sessions: readonly Session[], reason: EndReason): void {
    const begun = sessions.filter(({ id }) => this.#map.beginEnding(id, reason))
    if (begun.length === 0) return
    const ending = this.#endAll(begun)
      .catch((error: unknown) => {
        for (const { id } of begun) this.#map.giveUpEnding(id)
        this.#options.onFailure(error)
      })
      .finally(() => this.#endings.delete(ending))
    this.#endings.add(ending)
  }

  async #endAll(sessions: readonly Session[]): Promise<void> {
    const ending = sessions.map((session) => {
      return { session, traces: this.#traces.get(session.id) ?? NO_TRACES }
    })
    const left = await endSessions(ending, this.#options.ports.processes)
    for (const { id } of left) {
      this.#map.giveUpEnding(id)
      this.#options.onFailure(new Error(`session ${id} has not ended`))
    }
    for (const session of sessions) {
      if (session.isLost && !left.includes(session)) await this.#forget(session)
    }
  }

  #now(): number {
    return this.#options.ports.clock.now()
  }
}

function killQuietly({ kill }: ProcessPorts, pid: number): void {
  try {
    kill(pid, 'SIGKILL')
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}
