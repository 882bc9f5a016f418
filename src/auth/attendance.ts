/** Who of those that may have to renew is connected to this hub. */
import type { BotCaller, NodeCaller } from './caller.ts'

export class Attendance {
  readonly #streams = new Map<string, { readonly kind: 'bot' | 'node'; count: number }>()

  /** By their instances. */
  get size(): number {
    return this.#streams.size
  }

  /** From now on, until the returned function is called. */
  enter({ kind, instanceId }: BotCaller | NodeCaller): () => void {
    const entry = this.#streams.get(instanceId) ?? { kind, count: 0 }
    entry.count += 1
    this.#streams.set(instanceId, entry)
    return () => {
      entry.count -= 1
      if (entry.count === 0 && this.#streams.get(instanceId) === entry) {
        this.#streams.delete(instanceId)
      }
    }
  }

  has(instanceId: string): boolean {
    return this.#streams.has(instanceId)
  }

  *ofKind(wanted: 'bot' | 'node'): Iterable<string> {
    for (const [instanceId, { kind }] of this.#streams) if (kind === wanted) yield instanceId
  }
}
