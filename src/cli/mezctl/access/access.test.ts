import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER } from '../../../../test/fakes/auth.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'
import { startTestNode, type TestNode } from '../testing/test-node.ts'

let hub: TestHub
let web: TestNode
let database: TestNode
before(async () => {
  hub = await startNetworkTestHub()
  web = await startTestNode(hub, { name: 'web-1', labels: { env: 'staging' } })
  database = await startTestNode(hub, { name: 'db-1', labels: { env: 'production' } })
  await hub.mezctl(['roles', 'create', '-'], { input: DEPLOYER })
  await run('bots', 'add', 'runner', '--roles=ci-deployer')
})
after(async () => {
  await web?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
})

const { run, runJson, refusal } = checkedRuns(() => hub)

const check = (login: string, ...more: readonly string[]) =>
  hub.mezctl(['access', 'check', '--bot=runner', '--node=web-1', `--login=${login}`, ...more])

describe('access check', () => {
  it('says what is allowed, by which role, with which options', async () => {
    const { code, stdout } = await check('deploy')
    assert.equal(code, 0)
    assert.match(stdout, /^Allowed: runner may enter web-1 as deploy\nBecause: +.*ci-deployer/)
    assert.match(stdout, /^Port forwarding: +no$/m)
    assert.match(stdout, /^From: +anywhere\nCommand: +any\nCertificate TTL: +1h at most$/m)
    const answer = JSON.parse((await check('deploy', '--format=json')).stdout)
    assert.deepEqual(
      [answer.allowed, answer.effect, answer.roles, answer.max_certificate_ttl],
      [true, 'allow', ['ci-deployer'], '1h'],
    )
    assert.equal(answer.options.port_forwarding, false)
  })

  it('says what is denied, and exits with 3', async () => {
    const denied = await check('root')
    assert.equal(denied.code, 3)
    assert.match(
      denied.stdout,
      /^Denied: runner may not enter web-1 as root\nBecause: +.*ci-deployer/,
    )
    assert.ok(!denied.stdout.includes('Terminal:'))
    const answer = JSON.parse((await check('root', '--format=json')).stdout)
    assert.deepEqual([answer.allowed, answer.effect, answer.options], [false, 'deny', null])
    assert.equal(JSON.parse((await check('backup', '--format=json')).stdout).effect, 'none')
  })

  it('knows of locks', async () => {
    const { lock } = await runJson('locks', 'add', '--login=deploy')
    const answer = JSON.parse((await check('deploy', '--format=json')).stdout)
    assert.deepEqual([answer.allowed, answer.effect], [false, 'lock'])
    await run('locks', 'rm', lock.id)
    assert.equal((await check('deploy')).code, 0)
  })

  it('is refused for a bot and a node that are not there', async () => {
    const ask = (bot: string, node: string) =>
      refusal('access', 'check', `--bot=${bot}`, `--node=${node}`, '--login=deploy')
    assert.deepEqual(await ask('nobody', 'web-1'), { exit: 4, code: 'not-found' })
    assert.deepEqual(await ask('runner', 'nowhere'), { exit: 4, code: 'not-found' })
  })
})

describe('access ls', () => {
  it('is the matrix, whole or by bot and by node', async () => {
    const text = await run('access', 'ls')
    assert.match(text, /^BOT +NODE +LOGIN +OPTIONS\n/)
    assert.match(text, /^runner +db-1 +deploy /m)
    assert.match(text, /^runner +web-1 +deploy /m)
    const [row, ...others] = await runJson('access', 'ls', '--bot=runner', '--node=web-1')
    assert.deepEqual([row.bot, row.node, row.login, others], ['runner', 'web-1', 'deploy', []])
    assert.equal(row.options.port_forwarding, false)
  })

  it('says when it stops before the end', async () => {
    const { stdout, stderr } = await hub.mezctl(['access', 'ls', '--limit=1'])
    assert.equal(stdout.trimEnd().split('\n').length, 2)
    assert.match(stderr, /^There are more: /)
    assert.equal((await hub.mezctl(['access', 'ls', '--limit=2'])).stderr, '')
  })
})
