/**
 * Who of those that are connected has said which trust is in effect on its machine. In memory: whoever
 * connects anew says it again.
 */
import type { BotCaller, NodeCaller } from './caller.ts'

export interface Attendant {
  readonly kind: 'bot' | 'node'
  /** Of the bot or the node. */
  readonly name: string
  readonly instanceId: string
  /** Of the trust in effect, in hexadecimal; undefined: it hasn't said. */
  readonly trustDigest: string | undefined
  /** Of the host certificate that a node's sshd serves. */
  readonly hostSerial: bigint | undefined
}

export class Attendance {
  readonly #attendants = new Map<string, { attendant: Attendant; streams: number }>()

  get size(): number {
    return this.#attendants.size
  }

  /** From now on, until the returned function is called. */
  enter(caller: BotCaller | NodeCaller): () => void {
    const { kind, instanceId } = caller
    const name = caller.kind === 'bot' ? caller.bot : caller.node
    const entry = this.#attendants.get(instanceId) ?? {
      attendant: { kind, name, instanceId, trustDigest: undefined, hostSerial: undefined },
      streams: 0,
    }
    entry.streams += 1
    this.#attendants.set(instanceId, entry)
    return () => {
      entry.streams -= 1
      const isLast = entry.streams === 0 && this.#attendants.get(instanceId) === entry
      if (isLast) this.#attendants.delete(instanceId)
    }
  }

  /** Counts as long as the caller is connected. */
  report(
    { instanceId }: BotCaller | NodeCaller,
    trustDigest: string,
    hostSerial: bigint | undefined,
  ): void {
    const entry = this.#attendants.get(instanceId)
    if (entry) entry.attendant = { ...entry.attendant, trustDigest, hostSerial }
  }

  get(instanceId: string): Attendant | undefined {
    return this.#attendants.get(instanceId)?.attendant
  }

  *ofKind(kind: Attendant['kind']): Iterable<Attendant> {
    for (const { attendant } of this.#attendants.values()) {
      if (attendant.kind === kind) yield attendant
    }
  }
}
