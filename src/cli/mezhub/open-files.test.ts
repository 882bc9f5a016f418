import assert from 'node:assert/strict'
import { it } from 'node:test'
import { connectionsOfThisProcess, connectionsWithin } from './open-files.ts'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             127235               127235               processes
Max open files            4096                 524288               files
`

it('leaves some files for everything else', () => {
  assert.equal(connectionsWithin(LIMITS), 3_968)
  assert.equal(connectionsWithin(LIMITS.replace(' 4096 ', ' 100 ')), 64)
  assert.equal(connectionsWithin(LIMITS.replace(' 4096 ', ' unlimited ')), undefined)
  assert.equal(connectionsWithin(''), undefined)
  assert.ok((connectionsOfThisProcess() ?? 0) > 0)
})
