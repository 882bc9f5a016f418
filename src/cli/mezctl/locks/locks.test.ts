import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER, newRequest, STRANGER } from '../../../../test/fakes/auth.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'
import { startTestNode, type TestNode } from '../testing/test-node.ts'

let hub: TestHub
let web: TestNode
before(async () => {
  hub = await startNetworkTestHub()
  web = await startTestNode(hub, { name: 'web-1', labels: { env: 'staging' } })
  await hub.mezctl(['roles', 'create', '-'], { input: DEPLOYER })
})
after(async () => {
  await web?.[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
})

const { run, runJson, refusal } = checkedRuns(() => hub)

describe('locks', () => {
  it('add locks one target of any kind, and rm unlocks it', async () => {
    const { token } = await runJson('bots', 'add', 'lockable', '--roles=ci-deployer')
    const { instanceId } = await hub.auth.joining.join(STRANGER, token.value, newRequest())
    const targets = {
      bot: 'lockable',
      instance: instanceId,
      node: 'web-1',
      role: 'ci-deployer',
      login: 'deploy',
    }
    for (const [kind, name] of Object.entries(targets)) {
      const text = await run('locks', 'add', `--${kind}=${name}`, '--message=why', '--ttl=2h')
      const [, id = ''] = /\nUnlock with: mezctl locks rm (\S+)\n$/.exec(text) ?? []
      assert.ok(text.startsWith(`Locked: ${kind} ${name}`), text)
      assert.match(text, / \(until 20\S+Z\)\n/)
      assert.match(await run('locks', 'ls'), new RegExp(`^${id} +${kind} ${name}.* why `, 'm'))
      const [lock] = await runJson('locks', 'ls')
      assert.equal(lock[kind === 'instance' ? 'instance_id' : kind], name)
      assert.ok((await run('locks', 'rm', id)).startsWith(`Lock removed: ${kind} ${name}`))
      assert.deepEqual(await runJson('locks', 'ls'), [])
      assert.deepEqual(await refusal('locks', 'rm', id), { exit: 4, code: 'not-found' })
    }
  })

  it('add wants exactly one target', async () => {
    assert.deepEqual(await refusal('locks', 'add'), { exit: 2, code: 'usage' })
    const two = ['--node=web-1', '--login=deploy']
    assert.deepEqual(await refusal('locks', 'add', ...two), { exit: 2, code: 'usage' })
    assert.deepEqual(await refusal('locks', 'add', '--node=nope'), { exit: 4, code: 'not-found' })
  })
})
