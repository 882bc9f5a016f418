import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CONNECTION_LIMITS, limitsFor, mostConnections } from './connection-limits.ts'

it('keeps the proportions where there are fewer connections in all', () => {
  assert.deepEqual(limitsFor(), CONNECTION_LIMITS)
  assert.deepEqual(limitsFor(1_000_000), CONNECTION_LIMITS)
  for (const most of [64, 500, 3_000]) {
    const limits = limitsFor(most)
    assert.ok(mostConnections(limits) <= most && mostConnections(limits) > most * 0.9)
    assert.ok(limits.lobby.most > 0 && limits.hall.admin.most > 0)
    assert.equal(limits.hall.bot.each, CONNECTION_LIMITS.hall.bot.each)
  }
})
