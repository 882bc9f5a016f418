import { SECOND } from '../base/clock.ts'
import { systemErrorCode } from '../base/errors.ts'
import type { ProcessPorts, ProcessSignal } from './ports.ts'
import { isRunning, type ProcessId, type ProcessTable, readProcessTable } from './proc.ts'
import type { Session } from './session.ts'
import { type SessionTraces, sessionMembers } from './session-members.ts'

/** What sshd has to disconnect the client by itself. */
const PATIENCE_MS = 250
/** What the monitor has to tell PAM of it; it has nobody to serve any more. */
const MONITOR_PATIENCE_MS = 2 * SECOND
const POLL_MS = 10
/** Whoever starts more while he is being ended is caught in a later round. */
const ROUNDS = 10

export interface EndingSession {
  readonly session: Session
  readonly traces: SessionTraces
}

/**
 * Ends sessions, of any number at once. sshd's monitor is told to, and disconnects its client. What
 * the client has started is given no time: it is stopped first, so that nothing of it can start more
 * or get away meanwhile, and killed when all of it is known.
 *
 * @returns those of which something is left; what had ended before is none of them
 */
export async function endSessions(
  sessions: readonly EndingSession[],
  ports: ProcessPorts,
): Promise<readonly Session[]> {
  const ending = sessions.map((it) => new Ending(it, ports))
  const untilGone = async (patienceMs: number) => {
    for (let waited = 0; waited < patienceMs && ending.some((it) => it.isLeft); waited += POLL_MS) {
      await ports.clock.sleep(POLL_MS)
    }
  }
  const killAll = (besides: 'monitor' | 'nothing') =>
    inRounds(ending, ports, { pauseMs: POLL_MS, act: (it, table) => it.kill(table, besides) })
  await inRounds(ending, ports, { pauseMs: 0, act: (it, table) => it.freeze(table) })
  for (const it of ending) it.killStarted()
  await untilGone(PATIENCE_MS)
  await killAll('monitor')
  await untilGone(MONITOR_PATIENCE_MS)
  await killAll('nothing')
  return ending.filter((it) => it.isLeft).map(({ session }) => session)
}

interface Rounds {
  /** @returns whether it has to be looked at again */
  readonly act: (session: Ending, table: ProcessTable) => Promise<boolean>
  readonly pauseMs: number
}

async function inRounds(
  sessions: readonly Ending[],
  { proc, clock }: ProcessPorts,
  { act, pauseMs }: Rounds,
): Promise<void> {
  let due = sessions
  for (let round = 0; round < ROUNDS && due.length > 0; round++) {
    const table = readProcessTable(proc)
    const again: Ending[] = []
    for (const session of due) if (await act(session, table)) again.push(session)
    due = again
    if (due.length > 0 && pauseMs > 0) await clock.sleep(pauseMs)
  }
}

class Ending {
  readonly session: Session
  #traces: SessionTraces
  readonly #ports: ProcessPorts
  readonly #sshd = new Map<number, ProcessId>()
  readonly #started = new Map<number, ProcessId>()

  constructor({ session, traces }: EndingSession, ports: ProcessPorts) {
    this.session = session
    this.#traces = traces
    this.#ports = ports
  }

  /** Whether anything of it that is known still runs. */
  get isLeft(): boolean {
    const known = [...this.#sshd.values(), ...this.#started.values()]
    return known.some((it) => isRunning(this.#ports.proc, it))
  }

  /** @returns whether there was something new */
  async freeze(table: ProcessTable): Promise<boolean> {
    const { sshd, started } = await this.#find(table)
    for (const it of started) this.#send(it, 'SIGSTOP')
    // The others of sshd end with the monitor.
    if (sshd[0] !== undefined) this.#send(sshd[0], 'SIGTERM')
    return started.length > 0
  }

  killStarted(): void {
    for (const it of this.#started.values()) this.#send(it, 'SIGKILL')
  }

  /** What is left of it, sshd's own too. @returns whether there was something */
  async kill(table: ProcessTable, besides: 'monitor' | 'nothing'): Promise<boolean> {
    await this.#find(table)
    const { proc } = this.#ports
    const known = [...this.#started.values(), ...this.#sshd.values()]
    const left = known.filter(
      (it) => isRunning(proc, it) && (besides === 'nothing' || it.pid !== this.session.monitor.pid),
    )
    for (const it of left) this.#send(it, 'SIGKILL')
    return left.length > 0
  }

  /** What wasn't known yet. */
  async #find(table: ProcessTable) {
    const members = await sessionMembers(this.#ports, table, this.session, this.#traces)
    this.#traces = members.traces
    return {
      sshd: addNew(this.#sshd, members.sshd),
      started: addNew(this.#started, members.started),
    }
  }

  #send({ pid }: ProcessId, signal: ProcessSignal): void {
    try {
      this.#ports.kill(pid, signal)
    } catch (error) {
      if (systemErrorCode(error) !== 'ESRCH') throw error
    }
  }
}

function addNew(known: Map<number, ProcessId>, found: readonly ProcessId[]): readonly ProcessId[] {
  const fresh = found.filter(({ pid, startTicks }) => known.get(pid)?.startTicks !== startTicks)
  for (const it of fresh) known.set(it.pid, it)
  return fresh
}
