import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createChangeSource } from './change-feed.ts'

const NOTHING = { changes: [], events: [] }

describe('change source', () => {
  it('reports what a listener throws, and calls the others', () => {
    const [reported, told]: [unknown[], string[]] = [[], []]
    const source = createChangeSource((error) => reported.push(error))
    const failure = new Error('broken')
    source.feed.subscribe(() => told.push('first'))
    source.feed.subscribe(() => {
      throw failure
    })
    source.feed.subscribe(() => told.push('last'))
    source.publish(NOTHING)
    assert.deepEqual(told, ['first', 'last'])
    assert.deepEqual(reported, [failure])
  })

  it('drops it where there is nobody to report to', () => {
    const source = createChangeSource()
    source.feed.subscribe(() => {
      throw new Error('broken')
    })
    source.publish(NOTHING)
  })

  it('counts each subscription of the same listener', () => {
    const source = createChangeSource()
    let calls = 0
    const listener = () => {
      calls++
    }
    const end = source.feed.subscribe(listener)
    source.feed.subscribe(listener)
    source.publish(NOTHING)
    assert.equal(calls, 2)
    end()
    source.publish(NOTHING)
    assert.equal(calls, 3)
  })

  it('calls one that subscribes during an act from the next one on', () => {
    const source = createChangeSource()
    const told: string[] = []
    const end = source.feed.subscribe(() => {
      end()
      source.feed.subscribe((changes) => told.push(`late ${changes.length}`))
    })
    source.publish(NOTHING)
    assert.deepEqual(told, [])
    source.publish({ changes: [{ kind: 'touch-bot', name: 'ci' }], events: [] })
    assert.deepEqual(told, ['late 1'])
  })

  it('does not call one that was ended during the act', () => {
    const source = createChangeSource()
    const told: string[] = []
    source.feed.subscribe(() => endSecond())
    const endSecond = source.feed.subscribe(() => told.push('second'))
    source.publish(NOTHING)
    assert.deepEqual(told, [])
  })
})
