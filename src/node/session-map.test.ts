import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NodeLock } from '../client/node-hub.ts'
import type { Session } from './session.ts'
import { SessionMap } from './session-map.ts'

function session(id: string, changes: Partial<Session> = {}): Session {
  const monitor = { pid: 10, startTicks: 20n }
  const who = { login: 'deploy', bot: 'ci', instanceId: 'i1', address: '', startedAt: 0 }
  const rest = { connection: '', isLost: false }
  return { id, bootId: 'boot', ...rest, monitor, certificateSerial: 5n, ...who, ...changes }
}

const MAP = new SessionMap()
MAP.add(session('a'))
MAP.add(session('b', { bot: 'cd', instanceId: 'i2', login: 'web', certificateSerial: 6n }))

function hit(locks: readonly NodeLock[], revoked: readonly bigint[] = []): readonly string[] {
  const isGranted = (login: string) => login === 'web'
  return MAP.locked({ locks, revoked: new Set(revoked), isGranted }).map(({ id }) => id)
}

describe('a lock', () => {
  it('hits the sessions of its target, and no others', () => {
    assert.deepEqual(hit([]), [])
    assert.deepEqual(hit([{ kind: 'bot', bot: 'ci' }]), ['a'])
    assert.deepEqual(hit([{ kind: 'instance', instanceId: 'i2' }]), ['b'])
    assert.deepEqual(hit([{ kind: 'login', login: 'web' }]), ['b'])
    assert.deepEqual(hit([{ kind: 'node', node: 'web-1' }]), ['a', 'b'])
    assert.deepEqual(hit([{ kind: 'bot', bot: 'x' }]), [])
  })

  it('of a role hits those who have lost their grant', () => {
    assert.deepEqual(hit([{ kind: 'role', role: 'deployer' }]), ['a'])
  })

  it('is not needed where the certificate is revoked', () => {
    assert.deepEqual(hit([], [6n, 7n]), ['b'])
  })
})

describe('a session that is lost', () => {
  it('is hit by a lock, and ended by no record of its monitor', () => {
    const map = new SessionMap()
    map.add(session('a'))
    assert.equal(map.byMonitor({ pid: 10, startTicks: 20n })?.id, 'a')
    map.add(session('a', { isLost: true }))
    assert.equal(map.byMonitor({ pid: 10, startTicks: 20n }), undefined)
    const locks = [{ kind: 'bot', bot: 'ci' }] as const
    const isGranted = () => true
    assert.equal(map.locked({ locks, revoked: new Set(), isGranted }).length, 1)
  })
})

describe('a session that is being ended', () => {
  it('is ended once, for the first reason', () => {
    const map = new SessionMap()
    map.add(session('a'))
    assert.equal(map.beginEnding('a', 'locked'), true)
    assert.equal(map.beginEnding('a', 'ended'), false)
    assert.equal(map.reasonFor('a', 'closed'), 'locked')
    map.giveUpEnding('a')
    assert.equal(map.beginEnding('a', 'ended'), true)
    map.remove('a')
    assert.equal(map.beginEnding('a', 'ended'), false)
    assert.equal(map.reasonFor('a', 'lost'), 'lost')
  })
})
