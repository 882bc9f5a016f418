import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { SessionStart } from '../../../client/node-hub.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'
import { startTestNode, type TestNode } from '../testing/test-node.ts'

let hub: TestHub
let web: TestNode
before(async () => {
  hub = await startNetworkTestHub()
  web = await startTestNode(hub, { name: 'web-1', labels: { env: 'staging' } })
})
after(async () => {
  await web?.[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
})

const { run, runJson, refusal } = checkedRuns(() => hub)

describe('sessions', () => {
  const start = (sessionId: string): SessionStart => ({
    kind: 'start',
    sessionId,
    time: hub.clock.now(),
    login: 'deploy',
    bot: 'runner',
    instanceId: '0b7e2c1a-5a1f-4c39-9d0a-6f2b8f3c1d20',
    certificateSerial: 7n,
    address: '192.0.2.9',
  })

  it('ls shows who is in, and end has the node end it', async () => {
    const none = await hub.mezctl(['sessions', 'ls'])
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'No sessions.\n'])
    await web.report(start('s1'))
    const text = await run('sessions', 'ls')
    assert.match(text, /^SESSION +NODE +LOGIN +BOT +ADDRESS +SINCE\n/)
    assert.match(text, /^\S+ +web-1 +deploy +runner +192\.0\.2\.9 +20\S+Z$/m)
    const [session] = await runJson('sessions', 'ls', '--bot=runner', '--node=web-1')
    assert.deepEqual([session.node, session.certificate_serial], ['web-1', '7'])
    assert.deepEqual(await runJson('sessions', 'ls', '--node=db-1'), [])
    assert.deepEqual(await runJson('sessions', 'ls', '--limit=1'), [session])
    assert.equal(await run('sessions', 'end', session.id), `Session ending: ${session.id}\n`)
    await web.report({ kind: 'end', sessionId: 's1', time: hub.clock.now(), reason: 'ended' })
    assert.deepEqual(await runJson('sessions', 'ls'), [])
    assert.deepEqual(
      web.updates.flatMap(({ endSessions }) => endSessions),
      ['s1'],
    )
    assert.deepEqual(await refusal('sessions', 'end', session.id), { exit: 4, code: 'not-found' })
  })
})
