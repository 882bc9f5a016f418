import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hall, type Place } from './hall.ts'

const LIMITS = {
  bot: { most: 5, each: 2 },
  node: { most: 3, each: 2 },
  admin: { most: 2, each: 2 },
}

function scene() {
  const hall = new Hall<string>(LIMITS)
  const evicted: string[] = []
  const places = new Map<string, Place<string>>()
  const enter = (name: string, room: 'bot' | 'node' | 'admin', bearer: string) => {
    const place = hall.enter(name, room, bearer, (gone) => evicted.push(gone.connection))
    if (place) places.set(name, place)
    return place !== undefined
  }
  return { hall, evicted, places, enter }
}

describe('the hall', () => {
  it('has a room for each kind', () => {
    const { enter, hall } = scene()
    for (let i = 0; i < 9; i++) enter(`b${i}`, 'bot', `bot:${i}`)
    assert.equal(hall.taken('bot'), 5)
    assert.ok(enter('n', 'node', 'node:web'))
    assert.ok(enter('a', 'admin', 'admin:alice'))
  })

  it('gives a bearer a few places, the oldest idle one for a new one', () => {
    const { enter, evicted, places, hall } = scene()
    enter('first', 'bot', 'bot:ci')
    enter('second', 'bot', 'bot:ci')
    const first = places.get('first')
    const second = places.get('second')
    assert.ok(first && second)
    first.calls = 1
    assert.ok(enter('third', 'bot', 'bot:ci'))
    assert.deepEqual(evicted, ['second'])
    const third = places.get('third')
    assert.ok(third)
    third.calls = 1
    assert.ok(!enter('fourth', 'bot', 'bot:ci'), 'all are in use')
    hall.leave(second)
    hall.leave(first)
    hall.leave(first)
    assert.equal(hall.taken('bot'), 1)
    assert.ok(enter('fourth', 'bot', 'bot:ci'))
  })
})
