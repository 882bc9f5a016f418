/**
 * The join and renewal protocol as a state machine, explored: what the hub decides and what the daemon
 * does next are asked of the production code (ground.ts, daemon.ts); what may happen in between, and in
 * which order, is here (daemon-moves.ts, hub-moves.ts, thief.ts), and what must hold in properties.ts.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { formatCounterexample } from './explore.ts'
import { SCOPES } from './scopes.ts'
import { ExplorerThread } from './thread.ts'

describe('joins and renewals hold', () => {
  const thread = new ExplorerThread()
  after(() => thread[Symbol.asyncDispose]())

  for (const scope of SCOPES) {
    for (const kind of scope.kinds) {
      it(`${scope.name}: ${kind}s`, async () => {
        const { states, counterexample } = await thread.explore(kind, scope)
        assert.equal(counterexample && formatCounterexample(counterexample), undefined)
        assert.ok(states >= scope.states, `${states} states, not ${scope.states}`)
      })
    }
  }
})
