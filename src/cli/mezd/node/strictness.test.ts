import assert from 'node:assert/strict'
import { it } from 'node:test'
import { strictness } from './strictness.ts'

const read = (text: string) => strictness.parse([text], { directory: '/', home: '/' })

it('strictness is a duration, or on, or off', () => {
  assert.equal(read('true'), 600_000)
  assert.equal(read('30m'), 1_800_000)
  assert.equal(read('false'), undefined)
  assert.throws(() => read('yes'), { name: 'DurationError' })
  assert.throws(() => read(''), { name: 'DurationError' })
})
