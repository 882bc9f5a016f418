/** Calls to a cluster, in which one hub does as well as another: the one that is asked is recognised first. */
import type { Clock } from '../base/clock.ts'
import { HubChoice } from './hub-choice.ts'
import { type Attempt, resolveTrust } from './hub-recognition.ts'
import type { CallOptions } from './identity-hub.ts'
import type { PreparedCall } from './one-call.ts'

export interface ClusterOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Of each handshake and each call, and of a stream to its first message. Left out: 10 s and 15 s. */
  readonly timeoutMs?: number | undefined
  /** How often the hub must answer a ping while a call is under way, and how fast. Left out: 10 s. */
  readonly keepAliveMs?: number | undefined
}

export class ClusterCalls<Calls> {
  readonly #options: ClusterOptions
  readonly #load: () => Promise<Calls>
  readonly #choice = new HubChoice()

  /** @param load the calls: gRPC takes longer to load than a handshake takes */
  constructor({ clock, timeoutMs, keepAliveMs }: ClusterOptions, load: () => Promise<Calls>) {
    this.#options = { clock, timeoutMs, keepAliveMs }
    this.#load = load
  }

  /** @throws HubError */
  async ask<T>(
    to: CallOptions,
    call: (calls: Calls, prepared: PreparedCall) => Promise<T>,
  ): Promise<T> {
    const { calls, prepared } = await this.#prepare(to)
    return await this.#choice.attempt(to.address, prepared.address, () => call(calls, prepared))
  }

  /** @throws HubError */
  async *stream<T>(
    to: CallOptions,
    open: (calls: Calls, prepared: PreparedCall) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    const { calls, prepared } = await this.#prepare(to)
    try {
      yield* open(calls, prepared)
    } catch (error) {
      this.#choice.failed(to.address, prepared.address, error)
      throw error
    }
  }

  /** Of several hubs one that answers, where something must be known of it before it is called. */
  async #prepare({ address, trust, signal }: CallOptions) {
    const loading = this.#load()
    return await this.#choice.askEach(address, async (chosen) => {
      const attempt: Attempt = { ...this.#options, address: chosen, signal }
      const prepared: PreparedCall = { ...attempt, trust: await resolveTrust(trust, attempt) }
      return { calls: await loading, prepared }
    })
  }
}
