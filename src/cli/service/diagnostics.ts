/** Metrics and health of the program that runs, where `--diag-addr` asks for them. */
import { isIP } from 'node:net'
import { systemFileSystem } from '../../base/file-system.ts'
import type { Logger } from '../../base/log.ts'
import type { Health } from '../../diag/health.ts'
import { LoopLag } from '../../diag/loop-lag.ts'
import { addProcessMetrics } from '../../diag/process-metrics.ts'
import { Registry } from '../../diag/registry.ts'
import { type DiagAddress, serveDiagnostics } from '../../diag/server.ts'
import type { Invocation } from '../invocation.ts'
import { version } from '../version.ts'
import { formatDiagAddress } from './diag-parameter.ts'

export interface DiagnosticsOptions {
  /** `mezhub`, `mezd identity` */
  readonly program: string
  readonly invocation: Pick<Invocation, 'clock'>
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export interface HealthSource {
  live(): Health
  ready(): Health
}

/** The metrics of a program, and in time the server that shows them. */
export class Diagnostics implements AsyncDisposable {
  /** Where the program's own metrics go. */
  readonly registry = new Registry()
  readonly #options: DiagnosticsOptions
  /** Told whether the settings could be read again. */
  readonly onReloaded: (succeeded: boolean) => void
  readonly #stop = new AbortController()
  #server: AsyncDisposable | undefined

  constructor(options: DiagnosticsOptions) {
    this.#options = options
    const { program, invocation } = options
    const { clock } = invocation
    const lag = new LoopLag(clock)
    addBuildInfo(this.registry, program)
    addProcessMetrics(this.registry, processSource(clock.now()), lag)
    this.onReloaded = addReloads(this.registry)
    void lag.run(this.#stop.signal)
  }

  /** Until this is disposed of. @throws ListenError */
  async serve(where: DiagAddress, health: HealthSource): Promise<void> {
    const { invocation, log } = this.#options
    const source = {
      live: () => health.live(),
      ready: () => health.ready(),
      metrics: () => this.registry.show(),
    }
    const server = await serveDiagnostics(where, source, invocation.clock)
    this.#server = server
    log.info({}, `diagnostics at ${formatDiagAddress(server.address)}`)
    if (!isLocal(where)) log.warn({}, 'whoever reaches that address may read the metrics')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#server?.[Symbol.asyncDispose]()
  }
}

function addBuildInfo(registry: Registry, program: string): void {
  const help = 'Always 1; its labels say what runs.'
  const info = registry.gauge('mezite_build_info', help, ['program', 'version', 'runtime'])
  const { bun, node } = process.versions
  const runtime = bun === undefined ? `node ${node}` : `bun ${bun}`
  info.set({ program, version, runtime }, 1)
}

function addReloads(registry: Registry): (succeeded: boolean) => void {
  const help = 'Times the settings were read again, by outcome.'
  const reloads = registry.counter('mezite_config_reloads_total', help, ['outcome'])
  const last = registry.gauge(
    'mezite_config_last_reload_successful',
    'Whether the settings could be read when they were read last.',
  )
  for (const outcome of ['success', 'failure']) reloads.add({ outcome }, 0)
  last.set({}, 1)
  return (succeeded) => {
    reloads.add({ outcome: succeeded ? 'success' : 'failure' })
    last.set({}, succeeded ? 1 : 0)
  }
}

function processSource(now: number) {
  return {
    startedAt: now - process.uptime() * 1_000,
    cpuUsage: () => process.cpuUsage(),
    residentBytes: () => process.memoryUsage.rss(),
    files: systemFileSystem,
  }
}

function isLocal(address: DiagAddress): boolean {
  if (address.kind === 'unix' || address.host === 'localhost') return true
  return isIP(address.host) !== 0 && (address.host === '::1' || address.host.startsWith('127.'))
}
