import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NOTHING_NEW, plainGrant } from '../../test/fakes/node-hub.ts'
import type { NodeUpdate } from '../client/node-hub.ts'
import { Grants } from './grants.ts'

function group(id: string, logins: readonly string[], principals: readonly string[] = []) {
  return { id, grants: logins.map((login) => plainGrant(login)), principals }
}

function step(changes: Partial<NodeUpdate>): NodeUpdate {
  return { ...NOTHING_NEW, ...changes }
}

function known(...groups: ReturnType<typeof group>[]): Grants {
  const grants = new Grants()
  grants.apply(step({ full: true, groups }))
  return grants
}

function told(grants: Grants): Record<string, readonly string[]> {
  const logins = [...grants.logins()].sort()
  return Object.fromEntries(
    logins.map((login) => [login, grants.entries(login).flatMap(({ principals }) => principals)]),
  )
}

describe('what a node was told', () => {
  it('is nothing that is known, until it was told all', () => {
    assert.equal(new Grants().isKnown, false)
    assert.equal(known().isKnown, true)
  })

  it('is kept when a role changes: its members stay', () => {
    const grants = known(group('a', ['deploy', 'web'], ['bot:x']))
    const { logins } = grants.apply(step({ groups: [group('a', ['web', 'db'])] }))
    assert.deepEqual([...logins].sort(), ['db', 'deploy', 'web'])
    assert.deepEqual(told(grants), { db: ['bot:x'], web: ['bot:x'] })
  })

  it('follows members, and touches only their logins', () => {
    const grants = known(group('a', ['deploy'], ['bot:x', 'bot:y']), group('b', ['web'], ['bot:z']))
    const change = { group: 'a', added: ['bot:w'], removed: ['bot:x'] }
    const { logins } = grants.apply(step({ memberships: [change] }))
    assert.deepEqual([...logins], ['deploy'])
    assert.deepEqual(told(grants), { deploy: ['bot:w', 'bot:y'], web: ['bot:z'] })
  })

  it('is forgotten by a full message, and every login of before is touched', () => {
    const grants = known(group('a', ['deploy'], ['bot:x']))
    grants.apply(step({ revoked: [5n], locks: [{ kind: 'bot', bot: 'x' }] }))
    const { logins } = grants.apply(step({ full: true, groups: [group('b', ['web'], ['bot:z'])] }))
    assert.deepEqual([...logins].sort(), ['deploy', 'web'])
    assert.deepEqual(told(grants), { web: ['bot:z'] })
    assert.equal(grants.revoked.size, 0)
    assert.deepEqual(grants.locks, [])
  })

  it('goes when its group goes', () => {
    const grants = known(group('a', ['deploy'], ['bot:x']))
    assert.deepEqual([...grants.apply(step({ removedGroups: ['a'] })).logins], ['deploy'])
    assert.deepEqual(told(grants), {})
  })

  it('counts serials until they are forgotten, and never serial 0', () => {
    const grants = known()
    grants.apply(step({ revoked: [0n, 5n, 6n] }))
    grants.apply(step({ forgotten: [5n] }))
    assert.deepEqual([...grants.revoked], [6n])
  })

  it('leaves out what is no login, no principal or no line, and says so', () => {
    const grants = new Grants()
    const logins = ['../../etc/cron.d/x', '.hidden', 'a b', 'deploy']
    const principals = ['bot:x', 'bot:y\nrestrict bot:z', 'root', 'bot:a b']
    const { problems } = grants.apply(
      step({ full: true, groups: [group('a', logins, principals)] }),
    )
    assert.equal(problems.length, 6)
    assert.deepEqual(told(grants), { deploy: ['bot:x'] })
  })

  it('is the same whichever way it came', () => {
    const names = fc.subarray(['bot:a', 'bot:b', 'bot:c', 'bot:d'])
    fc.assert(
      fc.property(names, names, (first, second) => {
        const stepwise = known(group('a', ['deploy'], first))
        const added = second.filter((name) => !first.includes(name))
        const removed = first.filter((name) => !second.includes(name))
        stepwise.apply(step({ memberships: [{ group: 'a', added, removed }] }))
        assert.deepEqual(told(stepwise), told(known(group('a', ['deploy'], second))))
      }),
    )
  })
})
