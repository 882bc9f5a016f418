import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { shareLines } from './share-lines.ts'
import { FIRST_VIEW, PANES, pressed, readKeys } from './view.ts'

describe('keys', () => {
  it('are read in their order, also several at once and among what means nothing', () => {
    assert.deepEqual(readKeys('\tx\u001b[A\u001bOBé\u001b[5~\u001b[Zq'), [
      ...['next', 'up', 'down', 'previous', 'quit'],
    ])
    assert.deepEqual(readKeys('\u0003'), ['quit'])
    assert.deepEqual(readKeys('\u001b[1;5Q\u001b'), [])
  })

  it('lead to a list that there is, and to a row that it has', () => {
    const key = fc.constantFrom('next', 'previous', 'up', 'down', 'quit' as const)
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.nat(5))), (keys) => {
        let view = FIRST_VIEW
        for (const [each, last] of keys) {
          view = pressed(view, each, last)
          assert.ok(view.focus >= 0 && view.focus < PANES.length)
          assert.ok(view.scroll >= 0 && view.scroll <= 5)
        }
      }),
    )
    assert.equal(pressed(FIRST_VIEW, 'previous', 0).focus, PANES.length - 1)
    assert.equal(pressed({ focus: 1, scroll: 9 }, 'up', 3).scroll, 2)
    assert.equal(pressed({ focus: 1, scroll: 3 }, 'next', 3).scroll, 0)
  })
})

describe('the lines of a terminal', () => {
  it('are shared by what the lists want, the one in focus first', () => {
    assert.deepEqual(shareLines(40, [10, 5, 2, 3], 0), [10, 5, 2, 3])
    assert.deepEqual(shareLines(20, [30, 30, 2, 30], 1), [3, 12, 2, 3])
    assert.deepEqual(shareLines(20, [30, 3, 2, 30], 1), [8, 3, 2, 7])
    assert.deepEqual(shareLines(6, [30, 30, 2, 30], 3), [0, 0, 0, 6])
  })

  it('are never more than there are, nor than a list has', () => {
    const wants = fc.array(fc.integer({ min: 2, max: 60 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.nat(100), wants, fc.nat(3), (lines, wanted, focus) => {
        const shares = shareLines(lines, wanted, focus)
        const sum = shares.reduce((all, each) => all + each, 0)
        const all = wanted.reduce((total, each) => total + each, 0)
        assert.ok(shares.every((share, i) => share >= 0 && share <= (wanted[i] ?? 0)))
        assert.equal(sum, lines >= 12 ? Math.min(lines, all) : sum)
        assert.ok(sum <= lines)
      }),
    )
  })
})
