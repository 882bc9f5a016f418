import { systemClock } from '../../../src/base/clock.ts'

const POLL_MS = 20

export interface WaitOptions {
  /** Completes "gave up waiting for …". */
  readonly what: string
  /** A bound for what has gone wrong, not a measurement: generous. */
  readonly timeoutMs?: number
  /** Said in the error, for the reader who has to find out why. */
  readonly context?: () => string
}

/** Polls until `probe` returns something other than undefined or false. */
export async function waitFor<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const { what, timeoutMs = 30_000, context } = options
  const end = systemClock.monotonic() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (systemClock.monotonic() > end) {
      throw new Error(`gave up waiting for ${what}\n${context?.() ?? ''}`)
    }
    await systemClock.sleep(POLL_MS)
  }
}
