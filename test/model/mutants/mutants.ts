import { DAEMON_MUTANTS } from './daemon-mutants.ts'
import { DECISION_MUTANTS } from './decision-mutants.ts'
import type { Mutant } from './mutant.ts'
import { STORE_MUTANTS } from './store-mutants.ts'

export const MUTANTS: readonly Mutant[] = [...DECISION_MUTANTS, ...STORE_MUTANTS, ...DAEMON_MUTANTS]
