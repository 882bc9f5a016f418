import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseJoinToken } from '../../../trust/join-token.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
before(async () => {
  hub = await startTestHub()
})
after(() => hub[Symbol.asyncDispose]())

const { run, runJson, refusal } = checkedRuns(() => hub)

describe('tokens', () => {
  it('create prints the token and the command that uses it', async () => {
    const text = await run('tokens', 'create', '--roles=node', '--ttl=1h')
    const [token = ''] = /tok-node-[a-z2-7]+/.exec(text) ?? []
    assert.equal(parseJoinToken(token).kind, 'node')
    assert.equal(
      text,
      `Join token: ${token} (expires: 2026-03-24T15:00:00Z)

Use this token with mezd node, on the machine itself, as root:
mezd node start --auth-server=mezite.example.com:3025 --join-token=${token} --labels=KEY=VALUE
`,
    )
  })

  it('create has JSON to script against, and takes nodes only', async () => {
    const { token, hub: at } = await runJson('tokens', 'create', '--roles=node', '--uses=3')
    assert.equal(parseJoinToken(token.value).kind, 'node')
    assert.deepEqual([token.uses, at.address], [3, 'mezite.example.com:3025'])
    assert.equal((await refusal('tokens', 'create', '--roles=bot')).exit, 2)
    assert.equal((await refusal('tokens', 'create')).exit, 2)
  })

  it('ls lists them, never their values, until rm', async () => {
    const { token } = await runJson('tokens', 'create', '--roles=node', '--uses=2')
    const text = await run('tokens', 'ls')
    assert.match(text, /^JOIN TOKEN +STATE +USES LEFT +EXPIRES\n/)
    assert.match(text, new RegExp(`^${token.id} +active +2 +20`, 'm'))
    assert.ok(!text.includes(token.value))
    assert.equal(await run('tokens', 'rm', token.id), `Join token removed: ${token.id}\n`)
    assert.ok(!(await run('tokens', 'ls')).includes(token.id))
    assert.deepEqual(await refusal('tokens', 'rm', token.id), { exit: 4, code: 'not-found' })
  })
})
