import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { callerOf, DEPLOYER, LOCAL, newRequest, STRANGER } from '../../../../test/fakes/auth.ts'
import { FakeClock } from '../../../../test/fakes/clock.ts'
import type { IssuedIdentity } from '../../../auth/issuing.ts'
import { MINUTE } from '../../../base/clock.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
let clock: FakeClock
let late: IssuedIdentity
let renewed: IssuedIdentity

/** Two bots, of which one has stopped to renew. */
before(async () => {
  hub = await startTestHub()
  assert.ok(hub.clock instanceof FakeClock)
  clock = hub.clock
  await hub.auth.roles.create(LOCAL, DEPLOYER)
  late = await join('late')
  const first = await join('in-time')
  clock.advance(40 * MINUTE)
  renewed = await hub.auth.renewal.renew(callerOf(first), newRequest())
})
after(() => hub[Symbol.asyncDispose]())

const { run, runJson, refusal } = checkedRuns(() => hub)

async function join(name: string): Promise<IssuedIdentity> {
  const { token } = await hub.auth.bots.create(LOCAL, { name, roles: ['ci-deployer'], token: {} })
  return hub.auth.joining.join(STRANGER, token.value, newRequest())
}

describe('certs ls', () => {
  it('has a line for each holder, soonest first', async () => {
    const text = await run('certs', 'ls')
    assert.match(text, /^KIND +HOLDER +HOST +SERIAL +ISSUED +EXPIRES +STATE +PRINCIPALS\n/)
    const [, first = '', second = '', ...more] = text.trimEnd().split('\n')
    assert.equal(more.length, 0)
    assert.match(first, /^user +late +ci-7 +\d+ .* 2026-03-24T15:00:00Z +overdue +bot:late,deploy$/)
    assert.match(second, /^user +in-time .* 2026-03-24T15:40:00Z +valid +bot:in-time,deploy$/)
  })

  it('has JSON to script against', async () => {
    const [certificate] = await runJson('certs', 'ls', '--bot=late')
    const { renews_at: renewsAt, key_fingerprint: fingerprint, ...rest } = certificate
    assert.match(fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/)
    assert.match(renewsAt, /^2026-03-24T14:\d\d:\d\dZ$/)
    assert.deepEqual(rest, {
      ...{ kind: 'user', holder: 'late', instance_id: late.instanceId, host: 'ci-7' },
      ...{ generation: 1, serial: String(late.serial), principals: ['bot:late', 'deploy'] },
      ...{ issued_at: '2026-03-24T14:00:00Z', expires_at: '2026-03-24T15:00:00Z' },
      state: 'overdue',
    })
  })

  it('chooses', async () => {
    const holders = async (...argv: readonly string[]) => {
      const found: { holder: string; serial: string }[] = await runJson('certs', 'ls', ...argv)
      return found.map(({ holder }) => holder)
    }
    assert.deepEqual(await holders('--state=overdue'), ['late'])
    assert.deepEqual(await holders('--state=valid'), ['in-time'])
    assert.deepEqual(await holders('--expiring-within=20m'), [])
    assert.deepEqual(await holders('--expiring-within=21m'), ['late'])
    assert.deepEqual(await holders('--kind=host'), [])
    assert.deepEqual(await holders('--limit=1'), ['late'])
    assert.deepEqual(await holders('--bot=in-time', '--older'), ['in-time', 'in-time'])
    const none = await hub.mezctl(['certs', 'ls', '--node=web-1'])
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'No such certificates.\n'])
    assert.equal((await refusal('certs', 'ls', '--state=dead')).exit, 2)
  })
})

describe('bots', () => {
  it('ls says who is late, and who is expected when', async () => {
    const text = await run('bots', 'ls')
    assert.match(text, /^late .* overdue$/m)
    assert.match(text, /^in-time .* 2026-03-24T14:40:00Z +2026-03-24T1[45]:\S+Z +active$/m)
    const [inTime, other] = await runJson('bots', 'ls')
    assert.deepEqual([inTime.state, inTime.overdue_instances], ['active', 0])
    assert.deepEqual([other.state, other.current_instances], ['overdue', 1])
    assert.deepEqual([other.overdue_instances, other.instances], [1, 1])
  })

  it('instances has the state of the certificate', async () => {
    const [instance] = await runJson('bots', 'instances', 'late')
    assert.deepEqual([instance.certificate_state, instance.state], ['overdue', 'active'])
    const [other] = await runJson('bots', 'instances', 'in-time')
    assert.equal(other.certificate_serial, String(renewed.serial))
    assert.equal(Date.parse(other.renews_at), Math.floor((renewed.renewsAt ?? 0) / 1_000) * 1_000)
  })
})
