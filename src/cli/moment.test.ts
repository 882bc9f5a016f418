import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { moment, timeOf } from './moment.ts'

const here = { directory: '/', home: '/' }
const now = Date.UTC(2026, 2, 24, 15)
const read = (text: string) => timeOf(moment.parse([text], here), now)

describe('a moment', () => {
  it('is so long ago, or a time', () => {
    assert.equal(read('1h'), Date.UTC(2026, 2, 24, 14))
    assert.equal(read('2026-03-24T15:00:00Z'), now)
    assert.equal(read('2026-03-24T17:00:00.5+02:00'), now + 500)
  })

  it('is nothing else', () => {
    for (const text of [
      '2026-03-24',
      '2026-13-01T00:00:00Z',
      '2026-03-24T15:00:00',
      '2026-03-24 15:00:00Z',
    ]) {
      assert.throws(() => read(text), { name: 'ValueError' }, text)
    }
    assert.throws(() => read('yesterday'), { name: 'DurationError' })
  })
})
