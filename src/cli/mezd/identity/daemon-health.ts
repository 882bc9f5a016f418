import type { Clock } from '../../../base/clock.ts'
import type { Health } from '../../../diag/health.ts'
import type { DaemonActivity, DaemonObserver } from '../../../identity/observer.ts'
import { type DaemonCondition, type Readiness, readinessAt } from '../../../identity/readiness.ts'
import { Pulse } from '../../service/pulse.ts'

/** Whether a daemon lives, and whether what it has published can be used. */
export class DaemonHealth implements Partial<DaemonObserver> {
  readonly #pulse: Pulse
  #readiness: () => Readiness = () => ({
    ready: false,
    reasons: [{ code: 'starting', message: 'nothing is published yet' }],
  })

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#pulse = new Pulse(clock)
  }

  onBegin(activity: DaemonActivity): void {
    this.#pulse.begin(activity)
  }

  onEnd(activity: DaemonActivity): void {
    this.#pulse.end(activity)
  }

  onCondition(condition: DaemonCondition, hubNow: () => number): void {
    this.#readiness = () => readinessAt(condition, hubNow())
  }

  live(): Health {
    return this.#pulse.health()
  }

  ready(): Health {
    const readiness = this.#readiness()
    if (readiness.ready) return { checks: [{ name: 'certificate' }] }
    return {
      checks: readiness.reasons.map(({ code, message, hint }) => ({
        name: code,
        problem: message,
        hint,
      })),
    }
  }
}
