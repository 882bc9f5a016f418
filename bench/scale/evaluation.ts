/** Every bot against one node, in this process, by the function that all answers come from. */
import { AccessState } from '../../src/auth/board/access-state.ts'
import { evaluateAccess } from '../../src/auth/board/evaluate-access.ts'
import type { NodeEntry } from '../../src/auth/board/node-index.ts'
import { systemClock } from '../../src/base/clock.ts'
import { botName, botRoles, type FleetSize, roleName, roleText } from './fleet.ts'

export interface Evaluations {
  /** Milliseconds, in a process that has never evaluated anything. */
  readonly first: number
  /** After every role was edited: nothing is remembered. */
  readonly cold: readonly number[]
  /** The same once more. */
  readonly warm: readonly number[]
  /** Sets of roles that bots have. */
  readonly groups: number
}

export function measureEvaluation(size: FleetSize, rounds: number): Evaluations {
  const state = new AccessState()
  setRoles(state, size)
  const roles = botRoles(size)
  for (const [number, own] of roles.entries()) state.setBot({ name: botName(number), roles: own })
  const labels = { env: 'production', team: 'team-7' }
  state.nodes.set({ name: 'node', labels, hosts: ['node.example'], port: 22 })
  const node = state.nodes.get('node')
  if (!node) throw new Error('the node is not there')
  const evaluate = () => timeOf(() => evaluateAll(state, node))
  const first = evaluate()
  const cold: number[] = []
  const warm: number[] = []
  for (let round = 0; round < rounds; round++) {
    setRoles(state, size)
    cold.push(evaluate())
    warm.push(evaluate())
  }
  const groups = new Set(state.bots.list().map(({ group }) => group)).size
  return { first, cold, warm, groups }
}

function setRoles(state: AccessState, { roles, wideRoles }: FleetSize): void {
  const now = systemClock.now()
  for (let number = 0; number < roles; number++) {
    state.setRole({
      ...{ name: roleName(number), description: '', document: roleText(number, wideRoles) },
      ...{ revision: 1, createdAt: now, updatedAt: now },
    })
  }
}

/** Grants counted, so that nothing is left out as unused. */
function evaluateAll(state: AccessState, node: NodeEntry): number {
  let grants = 0
  for (const bot of state.bots.list()) grants += evaluateAccess(state, bot, node).length
  return grants
}

function timeOf(work: () => number): number {
  const start = systemClock.monotonic()
  if (work() === 0) throw new Error('nothing was granted: nothing was measured')
  return systemClock.monotonic() - start
}
