import type { JoinTokenKind } from '../../../src/trust/join-token.ts'
import type { Property } from '../properties.ts'
import type { Variant } from '../scopes.ts'
import type { Budget } from '../world.ts'

/** A small wrong variant of the protocol, and where it must be found out. */
export interface Mutant extends Variant {
  readonly name: string
  readonly budget: Partial<Budget>
  /** Left out: bots. */
  readonly kind?: JoinTokenKind
  readonly knowsToken?: boolean
  readonly lastGeneration?: number
  /** What it breaks first. */
  readonly breaks: Property
}

export const COPY: Partial<Budget> = { copies: 1, thefts: 2 }
