import type { Clock } from '../base/clock.ts'
import type { FileSystem } from '../base/file-system.ts'
import type { Random } from '../base/random.ts'
import { recordHookState } from './hook-state.ts'
import { certificateEndsAt } from './identity.ts'
import type { Published } from './observer.ts'
import { retryDelay } from './schedule.ts'

/** What a hook's command is told of a publication. Nothing of it is secret. */
export interface HookOccasion {
  readonly by: Published['by']
  readonly bot: string
  readonly serial: bigint
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export interface HookResult {
  /** Why it has failed: `it ended with 3`. Undefined: it succeeded. */
  readonly failure: string | undefined
  /** The end of what it printed, bounded. */
  readonly output: string
}

/** Runs the command once, and bounds it in time. Never rejects. */
export type HookCommand = (occasion: HookOccasion, signal: AbortSignal) => Promise<HookResult>

/** Told of every run. Must not throw. */
export type HookListener = (run: {
  readonly occasion: HookOccasion
  readonly result: HookResult
  readonly milliseconds: number
  /** How many runs for this publication have failed. */
  readonly failures: number
  /** Undefined: it succeeded. */
  readonly retryInMs: number | undefined
}) => void

export interface RenewHookOptions {
  readonly command: HookCommand
  readonly fs: FileSystem
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>
  readonly random: Pick<Random, 'fraction'>
  /** Where `mezd identity status` finds how it went. */
  readonly stateDirectory: string
  readonly onRun: HookListener
}

/**
 * Runs a command after each publication, one run at a time, and again after a while where it failed.
 * A newer publication takes the place of one for which it has yet to succeed. A daemon that starts
 * publishes what it has, so a run that a crash cut short is made up for.
 */
export class RenewHook {
  readonly #options: RenewHookOptions
  #due: HookOccasion | undefined
  #failures = 0
  #renewed = new AbortController()

  constructor(options: RenewHookOptions) {
    this.#options = options
  }

  published({ identity, by }: Published): void {
    this.#due = {
      by,
      bot: identity.bot,
      serial: identity.sshCertificate.serial,
      expiresAt: certificateEndsAt(identity),
    }
    this.#failures = 0
    this.#renewed.abort()
  }

  /** Until the signal is aborted, and the run under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs: number | undefined
    while (!signal.aborted) {
      const renewed = new AbortController()
      this.#renewed = renewed
      const woken = AbortSignal.any([signal, renewed.signal])
      if (pauseMs !== undefined) {
        await this.#options.clock.sleep(pauseMs, woken).catch(() => undefined)
        pauseMs = undefined
      } else if (this.#due === undefined) {
        await untilAborted(woken)
      } else {
        pauseMs = await this.#runFor(this.#due, signal)
      }
    }
  }

  /** @returns after how long it is to be tried again; undefined: not */
  async #runFor(occasion: HookOccasion, signal: AbortSignal): Promise<number | undefined> {
    const { command, clock, random, onRun } = this.#options
    const start = clock.monotonic()
    const result = await command(occasion, signal)
    const milliseconds = clock.monotonic() - start
    const isNewest = this.#due === occasion
    const hasFailed = result.failure !== undefined
    const retryInMs = hasFailed ? retryDelay(this.#failures, 0, random) : undefined
    const failures = (isNewest ? this.#failures : 0) + (hasFailed ? 1 : 0)
    if (isNewest) {
      this.#failures = failures
      if (!hasFailed) this.#due = undefined
    }
    if (signal.aborted && hasFailed) return undefined
    onRun({ occasion, result, milliseconds, failures, retryInMs })
    const { fs, stateDirectory } = this.#options
    const state = { serial: occasion.serial, at: clock.now(), failures, failure: result.failure }
    await recordHookState(fs, stateDirectory, state)
    return isNewest ? retryInMs : undefined
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
