import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Entry, Lobby } from './lobby.ts'

const LIMITS = { most: 20, mostGuestsEach: 5 }

class Scene {
  readonly lobby = new Lobby<string>(LIMITS)
  readonly inside = new Map<string, Entry<string>>()
  now = 0

  /** Whether it came in; what had to go for it is no longer inside. */
  enter(name: string, source: string): boolean {
    const entry = this.lobby.enter(name, source, this.now, (gone) => {
      assert.ok(this.inside.delete(gone.connection), 'nobody is evicted twice')
    })
    if (entry) this.inside.set(name, entry)
    return entry !== undefined
  }

  many(count: number, source: (index: number) => string, then: (name: string) => void = () => {}) {
    for (let i = 0; i < count; i++) {
      const name = `${source(i)}#${i}`
      if (this.enter(name, source(i))) then(name)
    }
  }

  entry(name: string): Entry<string> {
    const entry = this.inside.get(name)
    assert.ok(entry, `${name} is inside`)
    return entry
  }

  speak(name: string): void {
    this.lobby.speak(this.entry(name), this.now)
  }

  /** To the end of its handshake. */
  welcome(name: string): void {
    this.speak(name)
    while (this.entry(name).stage !== 'shaking') this.lobby.next(this.now)
    this.lobby.welcome(this.entry(name), this.now, (gone) => this.inside.delete(gone.connection))
  }

  leave(name: string): void {
    this.lobby.leave(this.entry(name))
    this.inside.delete(name)
  }
}

describe('the lobby', () => {
  it('has those go that have waited too long for their turn, and no others', () => {
    const scene = new Scene()
    for (const name of ['a', 'b', 'c']) {
      scene.enter(name, name)
      scene.speak(name)
      scene.now += 2_000
    }
    scene.enter('silent', 'd')
    assert.equal(scene.lobby.next(scene.now)?.connection, 'a')
    assert.deepEqual(scene.lobby.overdue(6_999), [])
    const overdue = scene.lobby.overdue(7_000).map(({ connection }) => connection)
    assert.deepEqual(overdue, ['b'])
    assert.equal(scene.lobby.next(7_000)?.connection, 'c')
    assert.equal(scene.lobby.next(7_000), undefined)
    assert.equal(scene.lobby.size, 3)
  })

  it('lets one source fill it, and makes room by it for another', () => {
    const scene = new Scene()
    scene.many(
      LIMITS.most,
      () => 'crowd',
      (name) => scene.speak(name),
    )
    assert.equal(scene.lobby.size, LIMITS.most)
    assert.ok(scene.enter('honest', 'elsewhere'))
    assert.ok(!scene.inside.has('crowd#19'), 'the last that came')
    assert.equal(scene.lobby.size, LIMITS.most)
  })

  it('makes no room for who has most himself, but by what he leaves idle', () => {
    const scene = new Scene()
    scene.many(
      LIMITS.most - 1,
      () => 'crowd',
      (name) => scene.speak(name),
    )
    scene.enter('quiet', 'elsewhere')
    assert.ok(!scene.enter('one more', 'crowd'))
    assert.ok(scene.inside.has('quiet'))
    scene.leave('crowd#0')
    scene.enter('crowd, silent', 'crowd')
    scene.now += 1_000
    assert.ok(scene.enter('one more', 'crowd'))
    assert.ok(!scene.inside.has('crowd, silent'))
  })

  it('has those go first that do nothing: silent, then idle as guests, then in the handshake', () => {
    const scene = new Scene()
    scene.many(
      LIMITS.most - 4,
      (i) => `source ${i}`,
      (name) => scene.speak(name),
    )
    scene.enter('halted', 'h')
    scene.speak('halted')
    while (scene.entry('halted').stage === 'waiting') scene.lobby.next(scene.now)
    for (const name of ['busy guest', 'idle guest']) {
      scene.enter(name, name)
      scene.welcome(name)
    }
    scene.entry('busy guest').calls = 1
    scene.enter('silent', 's')
    scene.now += 2_000
    // Those of the first row went into their handshakes before: they are as old.
    const gone: string[] = []
    for (const name of ['silent', 'idle guest']) {
      assert.ok(scene.enter(`for ${name}`, name))
      scene.speak(`for ${name}`)
      assert.ok(!scene.inside.has(name), name)
      gone.push(name)
    }
    assert.ok(scene.enter('for a halted one', 'x'))
    assert.ok(scene.inside.has('busy guest'))
    assert.equal(gone.length, 2)
  })

  it('refuses the newcomer where everybody is busy', () => {
    const scene = new Scene()
    scene.many(
      LIMITS.most,
      (i) => `source ${i}`,
      (name) => scene.speak(name),
    )
    assert.ok(!scene.enter('one more', 'elsewhere'))
    scene.leave('source 3#3')
    assert.ok(scene.enter('one more', 'elsewhere'))
  })

  it('gives turns to sources in a round, whatever each has waiting', () => {
    const scene = new Scene()
    scene.many(
      10,
      () => 'crowd',
      (name) => scene.speak(name),
    )
    for (const name of ['a', 'b']) {
      scene.enter(name, name)
      scene.speak(name)
    }
    const order = Array.from({ length: 5 }, () => scene.lobby.next(0)?.connection)
    assert.deepEqual(order, ['crowd#0', 'a', 'b', 'crowd#1', 'crowd#2'])
  })

  it('has so many guests of one source', () => {
    const scene = new Scene()
    for (let i = 0; i < 7; i++) {
      scene.enter(`g${i}`, 'one')
      scene.welcome(`g${i}`)
      if (i === 0) scene.entry('g0').calls = 1
    }
    assert.deepEqual([...scene.inside.keys()], ['g0', 'g3', 'g4', 'g5', 'g6'])
  })

  it('never has more than fit, forgets nobody, and lets a newcomer in past any crowd', () => {
    const step = fc.record({
      what: fc.constantFrom('enter', 'enter', 'enter', 'speak', 'next', 'leave', 'time'),
      source: fc.nat(6),
      which: fc.nat(100),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const scene = new Scene()
        for (const [index, { what, source, which }] of steps.entries()) {
          const entries = [...scene.inside.values()]
          const entry = entries[which % Math.max(1, entries.length)]
          if (what === 'enter') scene.enter(`#${index}`, `source ${source}`)
          else if (what === 'speak' && entry?.stage === 'silent') scene.speak(entry.connection)
          else if (what === 'leave' && entry) scene.leave(entry.connection)
          else if (what === 'time') scene.now += 700
          else if (what === 'next') {
            const waits = entries.some(({ stage }) => stage === 'waiting')
            const begun = scene.lobby.next(scene.now)
            assert.equal(begun !== undefined, waits)
            if (begun) assert.ok(scene.inside.has(begun.connection), 'whoever left has no turn')
          }
          assert.equal(scene.lobby.size, scene.inside.size)
          assert.ok(scene.lobby.size <= LIMITS.most)
        }
        while (scene.lobby.next(scene.now)) {}
        assert.ok([...scene.inside.values()].every(({ stage }) => stage !== 'waiting'))
        // Six sources share the lobby at most: when it is full, one of them is a crowd or idle.
        scene.now += 2_000
        assert.ok(scene.enter('newcomer', 'another source'))
      }),
    )
  })
})
