import { type HubAddress, HubError, type HubErrorCode } from './identity-hub.ts'

/** What another hub of the cluster may do better. */
const MOVES: ReadonlySet<HubErrorCode> = new Set(['unreachable', 'busy', 'not-a-hub', 'untrusted'])

/**
 * Which of several hubs is asked: the one that answered last, and after one that didn't the next. Each
 * knows of what all others have done, so it doesn't matter which.
 */
export class HubChoice {
  #moves = 0

  /** Where a call to this address goes now. */
  of(address: HubAddress): HubAddress {
    const all = [address, ...(address.others ?? [])]
    return all[this.#moves % all.length] ?? address
  }

  /** Tells how a call to the address has ended. One that was left already is left once. */
  failed(address: HubAddress, chosen: HubAddress, error: unknown): void {
    if (!(error instanceof HubError) || !MOVES.has(error.code)) return
    if (this.of(address) === chosen) this.#moves += 1
  }

  /**
   * Makes a call to the hub that was chosen. Where it doesn't answer, the next call goes to the next
   * one: whether to repeat this one is for the caller to decide, since it may have been heard.
   */
  async attempt<T>(address: HubAddress, chosen: HubAddress, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      this.failed(address, chosen, error)
      throw error
    }
  }

  /** Asks one after another what changes nothing: the first answer, or the last failure. */
  async askEach<T>(address: HubAddress, call: (chosen: HubAddress) => Promise<T>): Promise<T> {
    for (let left = address.others?.length ?? 0; ; left--) {
      const chosen = this.of(address)
      try {
        return await this.attempt(address, chosen, () => call(chosen))
      } catch (error) {
        if (left === 0 || this.of(address) === chosen) throw error
      }
    }
  }
}
