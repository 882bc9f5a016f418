/** All simulated agents, in a few processes. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { undoAtExit } from '../../test/e2e/harness/cleanup.ts'
import { type Agent, type Answer, answer, type Order } from './orders.ts'

const PROGRAM = join(import.meta.dirname, 'agents-process.ts')
const PATIENCE_MS = 120_000

export interface Arrivals {
  /** Of every agent, in the order in which they came; times of `sharedTime`. */
  readonly times: readonly number[]
  /** All agents together. */
  readonly bytes: number
}

export class Agents implements Disposable {
  readonly #processes: readonly AgentsProcess[]

  constructor(processes = 2) {
    this.#processes = Array.from({ length: processes }, () => new AgentsProcess())
  }

  /** Connects them all and waits until each has its whole picture. */
  async connect(port: number, agents: readonly Agent[]): Promise<Arrivals> {
    const { length } = this.#processes
    return arrivals(
      await Promise.all(
        this.#processes.map((process, index) =>
          process.ask({
            kind: 'connect',
            port,
            agents: agents.filter((_, number) => number % length === index),
          }),
        ),
      ),
    )
  }

  /** Has every agent look out for one message with these texts, during `act`. */
  async arrivalsOf(texts: readonly string[], act: () => Promise<void>): Promise<Arrivals> {
    await this.#askAll({ kind: 'expect', texts: [...texts] })
    await act()
    return arrivals(await this.#askAll({ kind: 'await' }))
  }

  #askAll(order: Order): Promise<readonly Answer[]> {
    return Promise.all(this.#processes.map((process) => process.ask(order)))
  }

  [Symbol.dispose](): void {
    for (const process of this.#processes) process.end()
  }
}

function arrivals(answers: readonly Answer[]): Arrivals {
  const arrived = answers.flatMap((each) => (each.kind === 'arrived' ? [each] : []))
  return {
    times: arrived.flatMap(({ times }) => times).sort((a, b) => a - b),
    bytes: arrived.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

class AgentsProcess {
  readonly #process: ChildProcess = fork(PROGRAM, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // The options of this process, a profiler's among them, aren't theirs.
    execArgv: [],
  })
  readonly #exited = once(this.#process, 'exit')
  readonly end = undoAtExit(() => this.#process.kill('SIGKILL'))

  /** @throws Error where it failed, or is gone */
  async ask(order: Order): Promise<Answer> {
    this.#process.send(order)
    const reply = await Promise.race([
      once(this.#process, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) }),
      this.#exited.then(() => []),
    ])
    const read = answer.parse(reply[0] ?? { kind: 'failed', message: 'the process has ended' })
    if (read.kind === 'failed') throw new Error(`the simulated agents failed: ${read.message}`)
    return read
  }
}
