/** Load from several processes on one server, and what it cost there. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { undoAtExit } from '../../test/e2e/harness/cleanup.ts'
import { cpuTime } from '../measure/process.ts'
import { type Answer, answer, type Order, type Target } from './work.ts'

const CLIENT = join(import.meta.dirname, 'client.ts')

/** For one answer: far more than it ever takes. */
const PATIENCE_MS = 60_000

export interface Shot {
  /** As it was, whoever held it up. */
  readonly callsPerSecond: number
  /** As many as the server's first thread does in a second of its CPU: the most that it can do. */
  readonly callsPerMainThreadSecond: number
  /** Microseconds of the server's CPU for one call, all threads. */
  readonly cpuPerCall: number
}

export interface Battery extends Disposable {
  /** Fires at the server for so long. */
  fire(milliseconds: number): Promise<Shot>
}

/**
 * @param serverPid whose CPU time is taken
 * @param processes among which the subjects of the target are divided
 */
export async function aim(target: Target, serverPid: number, processes = 2): Promise<Battery> {
  const clients = Array.from({ length: processes }, () => new LoadClient())
  await Promise.all(
    clients.map((client, index) => {
      const subjects = target.subjects.filter((_, number) => number % processes === index)
      return client.ask({ kind: 'aim', target: { ...target, subjects } })
    }),
  )
  return {
    async fire(milliseconds) {
      const start = systemClock.monotonic()
      const before = cpuTime(serverPid)
      const answers = await Promise.all(
        clients.map((client) => client.ask({ kind: 'fire', milliseconds })),
      )
      const seconds = (systemClock.monotonic() - start) / 1_000
      const after = cpuTime(serverPid)
      const calls = answers.reduce((sum, done) => sum + (done.kind === 'done' ? done.calls : 0), 0)
      return {
        callsPerSecond: calls / seconds,
        callsPerMainThreadSecond: calls / (after.mainThread - before.mainThread),
        cpuPerCall: ((after.process - before.process) / calls) * 1e6,
      }
    },
    [Symbol.dispose]() {
      for (const client of clients) client.end()
    },
  }
}

class LoadClient {
  readonly #process: ChildProcess = fork(CLIENT, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  readonly #exited = once(this.#process, 'exit')
  /** Ends the process, now or when this one ends. */
  readonly end = undoAtExit(() => this.#process.kill('SIGKILL'))

  /** @throws Error where the client failed, or is gone */
  async ask(order: Order): Promise<Answer> {
    this.#process.send(order)
    const patience = AbortSignal.timeout(PATIENCE_MS)
    const reply = await Promise.race([
      once(this.#process, 'message', { signal: patience }),
      this.#exited.then(() => []),
    ])
    const read = answer.parse(reply[0] ?? { kind: 'failed', message: 'a load client has ended' })
    if (read.kind === 'failed') throw new Error(`the load failed: ${read.message}`)
    return read
  }
}
