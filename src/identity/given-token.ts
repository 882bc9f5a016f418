/**
 * The join token that an operator has given, and may give while the program runs: in a file. Whoever
 * has to join anew takes the one that is there by then.
 */
export class GivenToken<Token extends { readonly id: string }> {
  readonly #readAgain: (() => Promise<Token | undefined>) | undefined
  #token: Token | undefined
  /** Of one that the hub has refused for good. */
  #spentId: string | undefined

  /** @param readAgain where it can have changed since the start */
  constructor(token: Token | undefined, readAgain?: () => Promise<Token | undefined>) {
    this.#token = token
    this.#readAgain = readAgain
  }

  /** The one to join with; undefined: none is of use. */
  get value(): Token | undefined {
    return this.#token
  }

  /** Takes what is given by now; what it had stays where that is nothing new. @throws why it can't be read */
  async reread(): Promise<void> {
    const token = await this.#readAgain?.()
    if (token !== undefined && token.id !== this.#spentId) this.#token = token
  }

  /** The hub has refused it for good. */
  spend({ id }: Token): void {
    this.#token = undefined
    this.#spentId = id
  }
}
