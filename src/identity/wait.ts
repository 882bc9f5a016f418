import { type Clock, MINUTE, SECOND } from '../base/clock.ts'

/** Why a wait ended. */
export type Waking = 'due' | 'asked' | 'clock-jumped'

const STEP_MS = 30 * SECOND
const JUMP_MS = MINUTE

/**
 * Waits on the monotonic clock, which stands still while a machine is suspended. So it is compared
 * with the date now and then: when that has run ahead by more than a minute, the machine has slept
 * or its date was set, and the wait ends early.
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
