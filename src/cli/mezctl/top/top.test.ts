import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER, LOCAL, newRequest, STRANGER } from '../../../../test/fakes/auth.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
before(async () => {
  hub = await startTestHub()
  await hub.auth.roles.create(LOCAL, DEPLOYER)
  const bot = { name: 'ci', roles: ['ci-deployer'], token: {} }
  const { token } = await hub.auth.bots.create(LOCAL, bot)
  await hub.auth.joining.join(STRANGER, token.value, newRequest())
  await assert.rejects(hub.auth.joining.join(STRANGER, token.value, newRequest()))
  await hub.auth.locks.create(LOCAL, { kind: 'login', login: 'root' }, { message: 'never' })
})
after(() => hub[Symbol.asyncDispose]())

const { run, refusal } = checkedRuns(() => hub)

describe('top --once', () => {
  it('prints everything once', async () => {
    const text = await run('top', '--once')
    assert.match(text, /^mezite\.example\.com:3025 +2026-03-24T14:00:00Z +up 0s\n/)
    assert.match(text, /^last minute: 0 renewals, 1 join, 0 logins, 1 refused$/m)
    assert.match(text, /^ci +ci-7 +valid +0s ago +in \d+m.* +in 1h$/m)
    assert.match(text, /^0s ago +bot\.join +ci +192\.0\.2\.7 +token-used$/m)
    assert.match(text, /^Nobody is in\.$/m)
    assert.match(text, /^login root +0s ago +never +local +never$/m)
  })

  it('has a line of JSON to script against', async () => {
    const text = await run('top', '--once', '--format=json')
    assert.equal(text.split('\n').length, 2)
    const look = JSON.parse(text)
    assert.deepEqual(look.last_minute, { renewals: 0, joins: 1, logins: 0, refused: 1 })
    assert.deepEqual([look.time, look.bots, look.lock_count], ['2026-03-24T14:00:00Z', 1, 1])
    assert.equal(look.certificates[0].holder, 'ci')
    assert.equal(look.failures[0].fields.reason, 'token-used')
    assert.deepEqual([look.sessions, look.locks[0].login], [[], 'root'])
  })
})

it('top asks for a terminal, and for some patience', async () => {
  const { code, stderr } = await hub.mezctl(['top'])
  assert.equal(code, 2)
  assert.match(stderr, /no terminal[\s\S]*--once/)
  assert.equal((await refusal('top', '--interval=500ms')).exit, 2)
  assert.equal((await hub.mezctl(['top', '--once', '--data-dir=/nonexistent'])).code, 6)
})
