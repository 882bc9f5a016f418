/** All simulated bots, in a few processes. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { undoAtExit } from '../../test/e2e/harness/cleanup.ts'
import { type Answer, answer, type Member, type Order } from './orders.ts'

const PROGRAM = join(import.meta.dirname, 'bots-process.ts')

export type Outcome = Omit<Extract<Answer, { kind: 'done' }>, 'kind'>

export interface BotsOptions extends Omit<Extract<Order, { kind: 'begin' }>, 'kind' | 'members'> {
  readonly processes: number
}

export class Bots implements Disposable {
  readonly #processes: readonly BotsProcess[]

  constructor(processes: number) {
    this.#processes = Array.from({ length: processes }, () => new BotsProcess())
  }

  async begin(members: readonly Member[], options: Omit<BotsOptions, 'processes'>): Promise<void> {
    const { length } = this.#processes
    await Promise.all(
      this.#processes.map((process, index) =>
        process.ask({
          kind: 'begin',
          ...options,
          members: members.filter((_, number) => number % length === index),
        }),
      ),
    )
  }

  async outcome(patienceMs: number): Promise<Outcome> {
    const asked = { kind: 'await', patienceMs } as const
    const answers = await Promise.all(this.#processes.map((process) => process.ask(asked)))
    const all: Outcome = { renewals: [], missing: 0, watching: 0, failures: {} }
    return answers.reduce(
      (sum: Outcome, each) => (each.kind === 'done' ? add(sum, each) : sum),
      all,
    )
  }

  [Symbol.dispose](): void {
    for (const process of this.#processes) process.end()
  }
}

function add(a: Outcome, b: Outcome): Outcome {
  const failures = { ...a.failures }
  for (const [what, count] of Object.entries(b.failures)) {
    failures[what] = (failures[what] ?? 0) + count
  }
  return {
    renewals: [...a.renewals, ...b.renewals],
    missing: a.missing + b.missing,
    watching: a.watching + b.watching,
    failures,
  }
}

class BotsProcess {
  readonly #process: ChildProcess = fork(PROGRAM, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // The options of this process, a profiler's among them, aren't theirs.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  readonly #exited = once(this.#process, 'exit')
  readonly end = undoAtExit(() => this.#process.kill('SIGKILL'))

  /** @throws Error where it failed, or is gone */
  async ask(order: Order): Promise<Answer> {
    this.#process.send(order)
    const reply = await Promise.race([once(this.#process, 'message'), this.#exited.then(() => [])])
    const read = answer.parse(reply[0] ?? { kind: 'failed', message: 'the process has ended' })
    if (read.kind === 'failed') throw new Error(`the simulated bots failed: ${read.message}`)
    return read
  }
}
