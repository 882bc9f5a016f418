import { isDeepStrictEqual } from 'node:util'
import { kebabCase } from '../../base/parameter.ts'
import { CliError } from '../cli-error.ts'

export interface SettingsOptions<V> {
  readonly values: V
  /** As the files say now. @throws ConfigError */
  readonly readAgain: () => Promise<V>
  /** Those that take effect while the program runs. */
  readonly live: readonly (keyof V & string)[]
  /** Those that a running program doesn't look at. */
  readonly ignored?: readonly (keyof V & string)[]
  /** Refuses values that contradict each other. */
  readonly check?: (values: V) => Promise<void>
}

/** The settings of a program that runs, which may be read again. */
export class Settings<V extends object> {
  readonly #options: SettingsOptions<V>
  #current: V

  constructor(options: SettingsOptions<V>) {
    this.#options = options
    this.#current = options.values
  }

  get current(): V {
    return this.#current
  }

  /**
   * Takes them all, or none.
   *
   * @returns the names of those that have changed
   * @throws ConfigError; what `check` throws; CliError `restart-needed` where one has changed that
   *   can't while the program runs
   */
  async reload(): Promise<readonly string[]> {
    const { readAgain, live, ignored = [], check } = this.#options
    const next: V = await readAgain()
    const before = this.#current
    const changed = keysOf(next).filter(
      (key) => !ignored.includes(key) && !isDeepStrictEqual(next[key], before[key]),
    )
    const fixed = changed.filter((key) => !live.includes(key))
    if (fixed.length > 0) {
      const names = fixed.map(kebabCase).join(', ')
      throw new CliError('restart-needed', `${names} can't change while the program runs`, {
        hint: 'restart it, or put back what was there; nothing of the rest is taken either',
      })
    }
    await check?.(next)
    this.#current = next
    return changed.map(kebabCase)
  }
}

function keysOf<V extends object>(values: V): readonly (keyof V & string)[] {
  return Object.keys(values).filter((key): key is keyof V & string => key in values)
}
