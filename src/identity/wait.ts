import { type Clock, MINUTE, SECOND } from '../base/clock.ts'

/** Why a wait ended. */
export type Waking = 'due' | 'asked' | 'clock-jumped'

const STEP_MS = 10 * SECOND
const JUMP_MS = MINUTE

/**
 * Waits on the monotonic clock, at which it looks every ten seconds: a timer stands still while the
 * machine is suspended. When the date has run ahead of it by more than a minute, the date was set, or
 * the machine was stopped in a way that no clock of it noticed, and the wait ends early.
 *
 * @param asked ends the wait
 * @throws the reason of `stop` when that is aborted
 */
export async function waitFor(
  milliseconds: number,
  clock: Clock,
  stop: AbortSignal,
  asked: AbortSignal,
): Promise<Waking> {
  const ended = AbortSignal.any([stop, asked])
  const start = { monotonic: clock.monotonic(), date: clock.now() }
  for (;;) {
    stop.throwIfAborted()
    if (asked.aborted) return 'asked'
    const passed = clock.monotonic() - start.monotonic
    if (passed >= milliseconds) return 'due'
    if (clock.now() - start.date - passed > JUMP_MS) return 'clock-jumped'
    try {
      await clock.sleep(Math.min(STEP_MS, Math.ceil(milliseconds - passed)), ended)
    } catch (error) {
      if (!ended.aborted) throw error
    }
  }
}
