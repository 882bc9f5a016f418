/** What a program that stays does beside its work: it tells systemd, and reads its settings again. */
import type { Logger } from '../../base/log.ts'
import { type Health, isHealthy } from '../../diag/health.ts'
import type { Invocation } from '../invocation.ts'
import { type Notifier, openNotifier, watchdogInterval } from './notifier.ts'

export interface ServiceOptions {
  readonly invocation: Pick<Invocation, 'env' | 'clock' | 'signal'>
  readonly log: Logger
  /** The watchdog is fed for as long as this is healthy. */
  readonly live: () => Health
}

export class Service implements AsyncDisposable {
  readonly #options: ServiceOptions
  readonly #notifier: Notifier
  readonly #ended = new AbortController()
  readonly #watchdog: Promise<void>
  #isReady = false

  constructor(options: ServiceOptions) {
    this.#options = options
    const { invocation, log } = options
    const { env, signal } = invocation
    this.#notifier = openNotifier(env, (reason) =>
      log.warn({ reason }, "systemd can't be told how this service is"),
    )
    const stop = () => this.#notifier.send({ STOPPING: '1', STATUS: 'stopping' })
    signal.addEventListener('abort', stop, { once: true, signal: this.#ended.signal })
    this.#watchdog = this.#feedWatchdog(watchdogInterval(env, process.pid))
  }

  /** The start is over. */
  ready(): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#notifier.send({ READY: '1' })
  }

  /** A line for `systemctl status`. */
  say(status: string): void {
    if (!this.#options.invocation.signal.aborted) this.#notifier.send({ STATUS: status })
  }

  /** Has systemd know that settings are being read. */
  async reloading(reload: () => Promise<void>): Promise<void> {
    this.#notifier.send({ RELOADING: '1' })
    await this.#notifier.settled()
    await reload()
    this.#notifier.send({ READY: '1' })
  }

  async #feedWatchdog(everyMs: number | undefined): Promise<void> {
    if (everyMs === undefined) return
    const { live, log, invocation } = this.#options
    const { signal } = this.#ended
    let wasLive = true
    while (!signal.aborted) {
      const health = live()
      const isLive = isHealthy(health)
      if (isLive) this.#notifier.send({ WATCHDOG: '1' })
      else if (wasLive) log.error({ checks: health.checks }, 'no progress: the watchdog is not fed')
      wasLive = isLive
      await invocation.clock.sleep(everyMs, signal).catch(() => undefined)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    await this.#watchdog
    await this.#notifier.settled()
  }
}
