/** Runs a program in this process, in a world of the test's choice. */
import { Readable } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { systemClock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import type { Invocation, Output } from '../invocation.ts'
import { runProgram } from '../run.ts'
import type { Program } from '../verb.ts'

export interface TestWorld {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly home?: string
  readonly uid?: number
  readonly input?: string
  readonly clock?: Clock
  readonly signal?: AbortSignal
  readonly isTerminal?: boolean
}

export interface TestResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function runInTest(
  program: Program,
  argv: readonly string[],
  world: TestWorld = {},
): Promise<TestResult> {
  const { isTerminal = false } = world
  const stdout = new MemoryOutput(isTerminal)
  const stderr = new MemoryOutput(isTerminal)
  const invocation: Invocation = {
    argv,
    env: world.env ?? {},
    cwd: world.cwd ?? '/',
    home: world.home ?? '/nonexistent',
    uid: world.uid ?? process.getuid?.() ?? 0,
    stdin: Readable.from(world.input === undefined ? [] : [world.input]),
    stdout,
    stderr,
    clock: world.clock ?? systemClock,
    random: systemRandom,
    signal: world.signal ?? new AbortController().signal,
    on: () => () => {},
  }
  const code = await runProgram(program, invocation)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

class MemoryOutput implements Output {
  text = ''
  readonly isTerminal: boolean
  readonly isClosed = false
  readonly columns = undefined
  readonly rows = undefined

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal
  }

  write(text: string): void {
    this.text += text
  }
}
