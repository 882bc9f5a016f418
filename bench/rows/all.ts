import type { Bench } from '../row.ts'
import { memory } from './memory.ts'
import { mshSsh } from './msh-ssh.ts'
import { oneShot } from './one-shot.ts'
import { population } from './population.ts'
import { renewals } from './renewals.ts'
import { startUp } from './start-up.ts'

/** In the order of the table. */
export const BENCHES: readonly Bench[] = [renewals, oneShot, mshSsh, memory, startUp, population]
