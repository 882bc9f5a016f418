/** A hub under one attack after another, and what becomes of it and of an honest bot. */
import { writeFileSync } from 'node:fs'
import { SECOND, systemClock } from '../../src/base/clock.ts'
import type { DiagnosticsClient } from '../../test/e2e/harness/diagnostics.ts'
import type { Hub } from '../../test/e2e/harness/hub.ts'
import type { HonestBot } from '../../test/faults/hostile/honest-bot.ts'
import type { Attacker, RawConnection } from '../../test/faults/hostile/raw-connection.ts'
import { cpuTime, memoryOf } from '../scale/usage.ts'

export interface Found {
  readonly name: string
  /** Connections that were made. */
  readonly opened: number
  /** That were open at a time, at most. */
  readonly mostOpen: number
  /** Milliseconds that each took, with its repetitions. */
  readonly renewals: readonly number[]
  /** Of the hub, in per cent of a core. */
  readonly cpu: number
  /** MB, at most and afterwards. */
  readonly peak: number
  readonly rss: number
}

/** What an attack has to work with. */
export interface Stage {
  readonly signal: AbortSignal
  /** One address of many, by number. */
  from(number: number): Attacker
  /** With the identity of a bot. */
  readonly thief: Attacker
  /** Counts a connection. */
  opened(connection: RawConnection | Promise<void>): void
}

/** Goes on until the signal is aborted, or to its end. */
export type Attack = (stage: Stage) => Promise<unknown>

export interface SceneOptions {
  readonly hub: Hub
  readonly honest: HonestBot
  readonly thief: HonestBot
  readonly diagnostics: DiagnosticsClient
  readonly leastMs: number
}

const RENEW_EVERY_MS = SECOND
const CLOSED = 'mezite_hub_connections_closed_total'

export class Scene {
  readonly #options: SceneOptions

  constructor(options: SceneOptions) {
    this.#options = options
  }

  get retries(): number {
    return this.#options.honest.retries
  }

  async closed(): Promise<Readonly<Record<string, number>>> {
    const samples = await this.#options.diagnostics.metrics()
    const closings = samples.filter(({ name }) => name === CLOSED)
    return Object.fromEntries(closings.map(({ labels, value }) => [labels['reason'], value]))
  }

  async under(name: string, attack: Attack): Promise<Found> {
    const { hub, thief, leastMs } = this.#options
    // VmHWM begins anew: proc(5).
    writeFileSync(`/proc/${hub.pid}/clear_refs`, '5')
    const stop = new AbortController()
    const { port } = hub
    let opened = 0
    let open = 0
    let mostOpen = 0
    const stage: Stage = {
      signal: stop.signal,
      from: (number) => ({ port, address: `127.1.${number >> 8}.${number & 255}` }),
      thief: { port, address: '127.0.0.2', credential: thief.credential },
      opened(connection) {
        opened += 1
        open += 1
        mostOpen = Math.max(mostOpen, open)
        const ended = connection instanceof Promise ? connection : connection.closed
        void ended.finally(() => {
          open -= 1
        })
      },
    }
    const start = systemClock.monotonic()
    const cpuBefore = cpuTime(hub.pid)
    let isOver = false
    const attacking = attack(stage).finally(() => {
      isOver = true
    })
    const renewals: number[] = []
    while (!isOver || systemClock.monotonic() < start + leastMs) {
      renewals.push(await this.#renew())
      await systemClock.sleep(RENEW_EVERY_MS)
      if (systemClock.monotonic() >= start + leastMs) stop.abort()
    }
    await attacking
    const cpu = ((cpuTime(hub.pid) - cpuBefore) / (systemClock.monotonic() - start)) * 100
    return { ...{ name, opened, mostOpen, renewals, cpu }, ...memoryOf(hub.pid) }
  }

  async #renew(): Promise<number> {
    const start = systemClock.monotonic()
    await this.#options.honest.renew()
    return systemClock.monotonic() - start
  }
}
