import type { DiagAddress } from '../../../diag/server.ts'
import type { DaemonObserver } from '../../../identity/observer.ts'
import type { HookListener } from '../../../identity/renew-hook.ts'
import {
  Diagnostics,
  type DiagnosticsOptions,
  type HealthSource,
} from '../../service/diagnostics.ts'
import { addHookMetrics, addIdentityMetrics } from './metrics.ts'

/** What a daemon shows at its `--diag-addr`. */
export class IdentityDiagnostics implements AsyncDisposable {
  readonly observer: Partial<DaemonObserver>
  readonly onHook: HookListener
  readonly onReloaded: (succeeded: boolean) => void
  readonly #where: DiagAddress
  readonly #diagnostics: Diagnostics

  constructor(where: DiagAddress, options: DiagnosticsOptions) {
    this.#where = where
    this.#diagnostics = new Diagnostics(options)
    const { registry, onReloaded } = this.#diagnostics
    this.onReloaded = onReloaded
    this.observer = addIdentityMetrics(registry, options.invocation.clock)
    this.onHook = addHookMetrics(registry)
  }

  /** @throws ListenError */
  async serve(health: HealthSource): Promise<void> {
    await this.#diagnostics.serve(this.#where, health)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#diagnostics[Symbol.asyncDispose]()
  }
}
