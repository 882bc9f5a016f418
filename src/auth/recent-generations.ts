/**
 * What stood in the records of lineages until a little while ago.
 *
 * A request can be under way for as long as its connection stands: in a network that holds it back, in
 * the buffers of a sender who has given it up and asked anew. By the time it arrives its sender may
 * have renewed twice, and then it looks like a second use of an old credential. So a request is judged
 * by what was so when its connection was accepted, too: whoever completed a handshake after that proved
 * that he was there then, and no more than that.
 *
 * This is of one process: a connection doesn't outlive the hub that accepted it.
 */
import { type Clock, MINUTE } from '../base/clock.ts'
import type { StoredGeneration } from './generation.ts'

interface Replaced {
  readonly stored: StoredGeneration
  /** On the monotonic clock; infinite while it is being replaced. */
  until: number
}

/**
 * Longer than any request can be under way: a handshake is given 10 s, and a peer that doesn't answer
 * is given up after 20 s more.
 */
const REMEMBERED = MINUTE

export class RecentGenerations {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** Oldest first within a lineage; the lineage that changed longest ago comes first. */
  readonly #replaced = new Map<string, readonly Replaced[]>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** How many lineages are remembered. */
  get size(): number {
    return this.#replaced.size
  }

  /** Runs the commit that replaces what is stored of a lineage. Where it fails, nothing was replaced. */
  async replacing<Result>(
    instanceId: string,
    stored: StoredGeneration,
    commit: () => Promise<Result>,
  ): Promise<Result> {
    const { generation, keyFingerprint, previousKeyFingerprint, sshKeyFingerprint } = stored
    const kept = { generation, keyFingerprint, previousKeyFingerprint, sshKeyFingerprint }
    const entry: Replaced = { stored: kept, until: Number.POSITIVE_INFINITY }
    this.#forget()
    const before = this.#replaced.get(instanceId) ?? []
    this.#replaced.delete(instanceId)
    this.#replaced.set(instanceId, [...before.filter((each) => this.#isRecent(each)), entry])
    try {
      return await commit()
    } finally {
      entry.until = this.#clock.monotonic()
    }
  }

  /**
   * What was stored of the lineage at that time, on the monotonic clock; undefined where it is what is
   * stored now, or too long ago.
   */
  at(instanceId: string, time: number): StoredGeneration | undefined {
    return this.#replaced.get(instanceId)?.find(({ until }) => until > time)?.stored
  }

  #isRecent({ until }: Replaced): boolean {
    return until > this.#clock.monotonic() - REMEMBERED
  }

  #forget(): void {
    for (const [instanceId, entries] of this.#replaced) {
      if (entries.some((each) => this.#isRecent(each))) return
      this.#replaced.delete(instanceId)
    }
  }
}
