import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { systemClock } from '../../src/base/clock.ts'

export interface CommandOptions {
  readonly env: Readonly<Record<string, string>>
}

/** A bound for a program that hangs. */
const PATIENCE_MS = 60_000

/** Milliseconds from the start of a program to its end, seen from outside. It must succeed. */
export async function commandTime(
  words: readonly string[],
  { env }: CommandOptions,
): Promise<number> {
  const [program = '', ...parameters] = words
  const start = systemClock.monotonic()
  const child = spawn(program, parameters, {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: PATIENCE_MS,
  })
  const errors = text(child.stderr)
  const [code]: unknown[] = await once(child, 'exit')
  const milliseconds = systemClock.monotonic() - start
  if (code === 0) return milliseconds
  throw new Error(`${words.join(' ')} ended with ${code}\n${await errors}`)
}
