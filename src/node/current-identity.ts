import type { NodeIdentity } from './node-identity.ts'

/** The identity that calls are made with, for all loops of the agent. */
export class CurrentIdentity {
  #identity: NodeIdentity
  #replaced = new AbortController()

  constructor(identity: NodeIdentity) {
    this.#identity = identity
  }

  get value(): NodeIdentity {
    return this.#identity
  }

  /** Aborted when another one takes its place. */
  get replaced(): AbortSignal {
    return this.#replaced.signal
  }

  replace(identity: NodeIdentity): void {
    this.#identity = identity
    const before = this.#replaced
    this.#replaced = new AbortController()
    before.abort()
  }
}
