import { MeziteError } from '../../base/errors.ts'
import type { LeveledLogger, LogLevel } from '../../base/log.ts'
import type { Invocation } from '../invocation.ts'
import type { Service } from './service.ts'

export interface ReloadOptions {
  readonly invocation: Pick<Invocation, 'on'>
  readonly log: LeveledLogger
  readonly settings: {
    readonly current: { readonly logLevel: LogLevel }
    reload(): Promise<readonly string[]>
  }
  readonly service: Pick<Service, 'reloading'>
  readonly onReloaded: (succeeded: boolean) => void
  /** What SIGHUP does besides, once the settings are read. */
  readonly also?: () => void
}

/** At SIGHUP the settings are read again; where that can't be, those of before go on. */
export function reloadOnSignal(options: ReloadOptions): Disposable {
  const { invocation, service, also } = options
  let reloading = Promise.resolve()
  const end = invocation.on('SIGHUP', () => {
    reloading = reloading.then(() => service.reloading(() => reload(options))).then(also)
  })
  return { [Symbol.dispose]: end }
}

async function reload({ log, settings, onReloaded }: ReloadOptions): Promise<void> {
  try {
    const changed = await settings.reload()
    log.setLevel(settings.current.logLevel)
    const fields = changed.length > 0 ? { changed: changed.join(', ') } : {}
    log.info(
      fields,
      changed.length > 0 ? 'settings read again' : 'settings read again: all as before',
    )
    onReloaded(true)
  } catch (error) {
    const hint = error instanceof MeziteError ? error.hint : undefined
    log.error({ error, ...(hint && { hint }) }, 'settings not read again: those of before go on')
    onReloaded(false)
  }
}
