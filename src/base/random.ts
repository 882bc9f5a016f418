import { randomBytes, randomUUID } from 'node:crypto'

/** Randomness as an argument: one cryptographic source, and the draws made from it. */
export interface Random {
  bytes(length: number): Buffer
  /** A version 4 UUID in lower case. */
  uuid(): string
  /** Uniform in [0, 1). */
  fraction(): number
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
}
