import type { NodeIdentity } from './node-identity.ts'

/** The identity that calls are made with, for all loops of the agent. */
export class CurrentIdentity {
  #identity: NodeIdentity
  #replaced = new AbortController()
  #servedSerial: bigint | undefined

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

  /** Of the host certificate that sshd has been told to serve; undefined: not known yet. */
  get servedSerial(): bigint | undefined {
    return this.#servedSerial
  }

  /** sshd serves what the identity has. */
  noteServed(): void {
    this.#servedSerial = this.#identity.hostCertificate.serial
  }

  replace(identity: NodeIdentity): void {
    this.#identity = identity
    const before = this.#replaced
    this.#replaced = new AbortController()
    before.abort()
  }
}
