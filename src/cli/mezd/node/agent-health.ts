import { type Clock, formatTime } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import type { Check, Health } from '../../../diag/health.ts'
import type {
  Applied,
  Connection,
  NodeActivity,
  NodeFailure,
  NodeObserver,
} from '../../../node/node-observer.ts'
import { Pulse } from '../../service/pulse.ts'

/** Whether an agent lives, and whether sshd does as the hub says now. */
export class AgentHealth implements Partial<NodeObserver> {
  readonly #pulse: Pulse
  #isRunning = false
  #failure: string | undefined
  #connection: Connection | undefined
  #filesFailure: string | undefined

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#pulse = new Pulse(clock)
  }

  onBegin(activity: NodeActivity): void {
    this.#pulse.begin(activity)
  }

  onEnd(activity: NodeActivity): void {
    this.#pulse.end(activity)
  }

  onRunning(): void {
    this.#isRunning = true
  }

  onConnection(connection: Connection): void {
    this.#connection = connection
  }

  onApplied({ complete }: Applied): void {
    if (complete) this.#filesFailure = undefined
  }

  onFailure({ what, error }: NodeFailure): void {
    if (what === 'files') this.#filesFailure = messageOf(error)
    if (what === 'join') this.#failure = messageOf(error)
  }

  live(): Health {
    return this.#pulse.health()
  }

  ready(): Health {
    return { checks: [this.#joined(), this.#inTouch(), this.#files()] }
  }

  #joined(): Check {
    const problem = this.#isRunning ? undefined : (this.#failure ?? 'not joined yet')
    return { name: 'identity', problem }
  }

  #inTouch(): Check {
    const connection = this.#connection
    if (connection?.state === 'fresh') return { name: 'hub' }
    const problem = connection
      ? `out of touch since ${formatTime(connection.since)}: ${connection.reason}`
      : 'not in touch yet'
    return { name: 'hub', problem, hint: 'who was let in when it was heard last still is' }
  }

  #files(): Check {
    const hint = 'is the disk full? the agent tries again by itself'
    return { name: 'files', problem: this.#filesFailure, hint }
  }
}
