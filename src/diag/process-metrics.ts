/** What Prometheus's clients tell of every process, under the names that dashboards know. */
import type { FileSystem } from '../base/file-system.ts'
import type { LoopLag } from './loop-lag.ts'
import type { Registry } from './registry.ts'

/** The process, as `process` of Node's shows it. */
export interface ProcessSource {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Microseconds. */
  cpuUsage(): { readonly user: number; readonly system: number }
  residentBytes(): number
  readonly files: Pick<FileSystem, 'readdir' | 'readFile'>
}

export function addProcessMetrics(
  registry: Registry,
  source: ProcessSource,
  lag: Pick<LoopLag, 'worst'>,
): void {
  const cpu = registry.counter('process_cpu_seconds_total', 'CPU time spent, user and system.')
  const resident = registry.gauge('process_resident_memory_bytes', 'Resident memory.')
  const open = registry.gauge('process_open_fds', 'Open file descriptors.')
  const most = registry.gauge('process_max_fds', 'Most file descriptors that may be open.')
  const started = registry.gauge('process_start_time_seconds', 'Start of the process, Unix time.')
  const delay = registry.gauge(
    'mezite_event_loop_lag_seconds',
    'Longest delay of the event loop in the last half minute.',
  )
  started.set({}, source.startedAt / 1_000)
  let counted = 0
  registry.onShow(() => {
    const { user, system } = source.cpuUsage()
    const seconds = (user + system) / 1e6
    cpu.add({}, Math.max(0, seconds - counted))
    counted = Math.max(counted, seconds)
    resident.set({}, source.residentBytes())
    delay.set({}, lag.worst() / 1_000)
  })
  registry.onShow(async () => open.set({}, (await source.files.readdir('/proc/self/fd')).length))
  registry.onShow(async () => {
    const limits = await source.files.readFile('/proc/self/limits', 'utf8')
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? []
    if (soft !== undefined) most.set({}, Number(soft))
  })
}
