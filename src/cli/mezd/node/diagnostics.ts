import type { DiagAddress } from '../../../diag/server.ts'
import type { NodeObserver } from '../../../node/node-observer.ts'
import {
  Diagnostics,
  type DiagnosticsOptions,
  type HealthSource,
} from '../../service/diagnostics.ts'
import { addNodeMetrics } from './metrics.ts'

/** What an agent shows at its `--diag-addr`. */
export class NodeDiagnostics implements AsyncDisposable {
  readonly observer: Partial<NodeObserver>
  readonly onReloaded: (succeeded: boolean) => void
  readonly #where: DiagAddress
  readonly #diagnostics: Diagnostics

  constructor(where: DiagAddress, options: DiagnosticsOptions) {
    this.#where = where
    this.#diagnostics = new Diagnostics(options)
    this.onReloaded = this.#diagnostics.onReloaded
    this.observer = addNodeMetrics(this.#diagnostics.registry, options.invocation.clock)
  }

  /** @throws ListenError */
  async serve(health: HealthSource): Promise<void> {
    await this.#diagnostics.serve(this.#where, health)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#diagnostics[Symbol.asyncDispose]()
  }
}
