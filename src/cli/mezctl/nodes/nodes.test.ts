import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'
import { startTestNode, type TestNode } from '../testing/test-node.ts'

let hub: TestHub
let web: TestNode
before(async () => {
  hub = await startNetworkTestHub()
  web = await startTestNode(hub, { name: 'web-1', labels: { tier: 'web', env: 'staging' } })
})
after(async () => {
  await web?.[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
})

const { run, runJson, refusal } = checkedRuns(() => hub)

describe('nodes', () => {
  it('ls has a line for each node, or JSON', async () => {
    const text = await run('nodes', 'ls')
    assert.match(text, /^NAME +LABELS +STATE +LAST SEEN +VERSION +SSHD\n/)
    assert.match(text, /^web-1 +env=staging,tier=web +online +20\S+Z +1\.2\.3 +9\.2p1$/m)
    const [node] = await runJson('nodes', 'ls')
    assert.deepEqual(
      [node.name, node.state, node.labels],
      ['web-1', 'online', { env: 'staging', tier: 'web' }],
    )
  })

  it('show tells all', async () => {
    const text = await run('nodes', 'show', 'web-1')
    assert.match(text, /^Node: +web-1\nState: +online\nLabels: +env=staging,tier=web\n/)
    assert.match(text, /^Hosts: +web-1\.example\.com/m)
    assert.match(text, /^Host certificate: +until 20/m)
    const node = await runJson('nodes', 'show', 'web-1')
    assert.deepEqual([node.instance_id, node.generation], [web.instanceId, 1])
    assert.deepEqual(await refusal('nodes', 'show', 'nope'), { exit: 4, code: 'not-found' })
  })

  it('a locked one is shown as locked', async () => {
    const { lock } = await runJson('locks', 'add', '--node=web-1')
    assert.match(await run('nodes', 'ls'), /^web-1 .* online \(locked\) /m)
    assert.match(await run('nodes', 'show', 'web-1'), new RegExp(`^${lock.id} +node web-1 `, 'm'))
    await run('locks', 'rm', lock.id)
  })

  it('update replaces the labels, and takes exactly one of its flags', async () => {
    assert.equal(
      await run('nodes', 'update', 'web-1', '--labels=env=production'),
      'Node updated: web-1 (labels: env=production)\n',
    )
    assert.deepEqual((await runJson('nodes', 'show', 'web-1')).labels, { env: 'production' })
    const { node } = await runJson('nodes', 'update', 'web-1', '--clear-labels')
    assert.deepEqual(node.labels, {})
    assert.equal((await refusal('nodes', 'update', 'web-1')).exit, 2)
    const both = ['--labels=a=b', '--clear-labels']
    assert.equal((await refusal('nodes', 'update', 'web-1', ...both)).exit, 2)
    assert.equal((await refusal('nodes', 'update', 'web-1', '--labels=a=*')).exit, 2)
    assert.equal((await refusal('nodes', 'update', 'nope', '--labels=a=b')).exit, 4)
  })

  it('status counts them', async () => {
    assert.match(await run('status'), /^Nodes: +1, 1 of them online\nSessions: +0$/m)
    const status = await runJson('status')
    assert.deepEqual([status.nodes, status.nodes_online, status.sessions], [1, 1, 0])
  })

  it('readmit lets one renew though it has expired, until it is cancelled', async () => {
    const text = await run('nodes', 'readmit', 'web-1', '--ttl=5m')
    assert.match(
      text,
      new RegExp(`^Readmitted: web-1, instance ${web.instanceId} \\(once, until 2`),
    )
    assert.match(
      await run('nodes', 'show', 'web-1'),
      new RegExp(`^${web.instanceId} .* not yet$`, 'm'),
    )
    const { readmission } = await runJson('nodes', 'show', 'web-1')
    assert.deepEqual([readmission.instance_id, readmission.used_at], [web.instanceId, null])
    const cancelled = 'Readmission cancelled: web-1 (1 instance)\n'
    assert.equal(await run('nodes', 'readmit', 'web-1', '--cancel'), cancelled)
    assert.equal((await runJson('nodes', 'show', 'web-1')).readmission, null)
    assert.equal((await refusal('nodes', 'readmit', 'web-1', '--cancel', '--ttl=1h')).exit, 2)
    assert.equal((await refusal('nodes', 'readmit', 'nope')).exit, 4)
  })

  it('rm removes one', async () => {
    await using gone = await startTestNode(hub, { name: 'gone' })
    assert.equal(await run('nodes', 'rm', gone.name), 'Node removed: gone\n')
    assert.deepEqual(await refusal('nodes', 'rm', gone.name), { exit: 4, code: 'not-found' })
  })
})
