import type { WatchedStore } from '../../auth/watched-store.ts'
import type { DiagAddress } from '../../diag/server.ts'
import { Diagnostics, type DiagnosticsOptions, type HealthSource } from '../service/diagnostics.ts'
import { addHubEvents, addHubState, type HubEvents, type HubState } from './metrics.ts'

/** What a hub shows at its `--diag-addr`. */
export class HubDiagnostics implements AsyncDisposable {
  readonly events: HubEvents
  readonly #where: DiagAddress
  readonly #diagnostics: Diagnostics

  constructor(where: DiagAddress, options: DiagnosticsOptions) {
    this.#where = where
    this.#diagnostics = new Diagnostics(options)
    this.events = addHubEvents(this.#diagnostics.registry)
  }

  /** @throws ListenError */
  async serve(health: HealthSource): Promise<void> {
    await this.#diagnostics.serve(this.#where, health)
  }

  onReloaded(succeeded: boolean): void {
    this.#diagnostics.onReloaded(succeeded)
  }

  addState({
    store,
    ...state
  }: Omit<HubState, 'storeFails'> & { readonly store: WatchedStore }): void {
    const storeFails = () => store.trouble() !== undefined
    addHubState(this.#diagnostics.registry, { ...state, storeFails })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#diagnostics[Symbol.asyncDispose]()
  }
}
