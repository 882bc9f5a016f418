/** The real file system, with a fault at a call of one's choice. Open files are counted too. */
import type { FileHandle } from 'node:fs/promises'
import { type FileSystem, systemFileSystem } from '../../src/base/file-system.ts'

/**
 * - `before`: the call fails and has done nothing, or half of it
 * - `after`: the call is carried out, and reported as failed
 * - `dies`: the call fails like `before`, and so does every later one
 */
export type FaultKind = 'before' | 'after' | 'dies'

export interface Fault {
  readonly kind: FaultKind
  /** The number of the call, from 1 on. */
  readonly call: number
}

export class FaultyFileSystem {
  readonly #fault: Fault | undefined
  /** All calls so far. */
  calls = 0

  constructor(fault?: Fault) {
    this.#fault = fault
  }

  /** A call of `sync` is counted, but spares the disk: the process dies, not the machine. */
  get fileSystem(): FileSystem {
    return this.#wrap(systemFileSystem, (result) =>
      isFileHandle(result) ? this.#wrap(result, (value) => value) : result,
    )
  }

  #wrap<Target extends object>(target: Target, after: (result: unknown) => unknown): Target {
    return new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) =>
          after(await this.#call(name, args, (given) => Reflect.apply(member, target, given)))
      },
    })
  }

  async #call(
    name: string | symbol,
    args: unknown[],
    apply: (args: unknown[]) => unknown,
  ): Promise<unknown> {
    this.calls += 1
    const { kind, call = Number.POSITIVE_INFINITY } = this.#fault ?? {}
    const fails = this.calls === call || (kind === 'dies' && this.calls > call)
    const [content] = args
    if (!fails || kind === 'after' || name === Symbol.asyncDispose) {
      const result = name === 'sync' ? undefined : await apply(args)
      if (!fails) return result
      // No descriptor is leaked, neither one that was not told of nor one that is closed too late.
      if (isFileHandle(result)) await result.close()
    } else if (name === 'writeFile' && typeof content === 'string') {
      await apply([content.slice(0, content.length / 2)])
    }
    throw Object.assign(new Error(`ENOSPC: fault at call ${call}, ${String(name)}`), {
      code: 'ENOSPC',
    })
  }
}

function isFileHandle(value: unknown): value is FileHandle {
  return typeof value === 'object' && value !== null && Symbol.asyncDispose in value
}
