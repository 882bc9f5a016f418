/** What a hub shows of itself: health, metrics, and gRPC's health service. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { Client, credentials } from '@grpc/grpc-js'
import { startCluster } from './harness/cluster.ts'
import { DiagnosticsClient, valueIn } from './harness/diagnostics.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { type Hub, startHub } from './harness/hub.ts'
import { programPath, requirePrograms, requireRoot } from './harness/requirements.ts'
import { run } from './harness/run.ts'

requirePrograms('promtool', 'mount')
requireRoot()

const DIAG = '--diag-addr=127.0.0.1:0'

/** The status in the answer of grpc.health.v1.Health/Check: 1 is SERVING, 2 is NOT_SERVING. */
async function checkHealth(hub: Hub, service: string): Promise<number | string> {
  const target = `unix:${hub.env['MEZITE_DATA_DIR']}/hub.sock`
  const client = new Client(target, credentials.createInsecure())
  const name = Buffer.from(service)
  const request = name.length === 0 ? name : Buffer.from([0x0a, name.length, ...name])
  const asItIs = (bytes: Buffer) => bytes
  const { promise, resolve } = Promise.withResolvers<number | string>()
  client.makeUnaryRequest(
    '/grpc.health.v1.Health/Check',
    asItIs,
    asItIs,
    request,
    (error, answer) => resolve(error ? error.details : (answer?.at(1) ?? 0)),
  )
  return await promise.finally(() => client.close())
}

describe('a hub with --diag-addr', () => {
  it('counts joins, calls and commits, under names that Prometheus likes', async () => {
    await using cluster = await startCluster({ logins: ['deploy'], hubFlags: [DIAG] })
    const { hub } = cluster
    const diagnostics = await DiagnosticsClient.find(() => hub.log)
    const live = await diagnostics.get('/livez')
    assert.deepEqual(live, { status: 200, text: 'live\nstore: ok\n' })
    const ready = await diagnostics.get('/readyz')
    assert.deepEqual(ready, {
      status: 200,
      text: 'ready\nstore: ok\nauthorities: ok\nlistener: ok\n',
    })
    assert.equal(await checkHealth(hub, ''), 1)
    assert.equal(await checkHealth(hub, 'mezite.v1.IdentityService'), 1)
    assert.equal(await checkHealth(hub, 'mezite.v1.NoService'), 'there is no such service here')

    const token = await cluster.newToken()
    const join = () =>
      run(
        `mezd identity start --one-shot --auth-server=${hub.address} --join-token=${token} --destination=${cluster.directory.join('certs')}`,
        { env: hub.env },
      )
    assert.equal((await join()).code, 0)
    assert.equal((await join()).code, 3)
    const bot = { kind: 'bot' }
    await diagnostics.waitForMetric(
      'mezite_hub_joins_total',
      { ...bot, outcome: 'token-used' },
      (value) => value === 1,
    )
    const samples = await diagnostics.metrics()
    const value = (name: string, labels = {}) => valueIn(samples, `mezite_hub_${name}`, labels)
    assert.equal(value('joins_total', { ...bot, outcome: 'success' }), 1)
    const joining = { method: 'JoinService/Join' }
    assert.equal(value('rpc_handled_total', { ...joining, code: 'OK' }), 1)
    assert.equal(value('rpc_handled_total', { ...joining, code: 'UNAUTHENTICATED' }), 1)
    assert.equal(value('rpc_duration_seconds_count', joining), 2)
    assert.deepEqual([value('bots'), value('bot_instances'), value('roles')], [1, 1, 1])
    assert.ok((value('store_commits_total', { outcome: 'committed' }) ?? 0) >= 5)
    assert.equal(value('store_failing'), 0)
    const year = 365 * 86_400
    const now = Date.now() / 1_000
    const caEnds = value('tls_ca_expiry_timestamp_seconds') ?? 0
    assert.ok(caEnds > now + 9 * year && caEnds < now + 11 * year, 'in seconds')

    const { text } = await diagnostics.get('/metrics')
    assert.doesNotMatch(text, /github-deploy|tok-bot/, 'no names, no secrets')
    const lint = await run([programPath('promtool'), 'check', 'metrics'], { input: text })
    assert.equal(lint.code, 0, lint.stdout + lint.stderr)
  })

  describe('whose disk is full', () => {
    let directory: TemporaryDirectory
    before(() => {
      directory = new TemporaryDirectory()
      mkdirSync(directory.join('hub'), { mode: 0o700 })
      execFileSync('mount', [
        '-t',
        'tmpfs',
        '-o',
        'size=3m,mode=0700',
        'mezite',
        directory.join('hub'),
      ])
    })
    after(() => {
      execFileSync('umount', ['--lazy', directory.join('hub')])
      directory[Symbol.dispose]()
    })

    it('is live and not ready, says why, and gets well by itself', async () => {
      await using hub = await startHub({ directory, flags: [DIAG] })
      const diagnostics = await DiagnosticsClient.find(() => hub.log)
      const filler = directory.join('hub', 'filler')
      assert.throws(() => writeFileSync(filler, Buffer.alloc(8 << 20)), { code: 'ENOSPC' })
      let code = 0
      for (let n = 0; code === 0; n++) {
        code = (await hub.run(`mezctl tokens create --roles=node --ttl=${n + 1}m`)).code ?? -1
      }
      const { status, text } = await diagnostics.get('/readyz')
      assert.equal(status, 503)
      assert.match(
        text,
        /^not ready\nstore: no commit succeeds since .*full\nhint: is the disk full/,
      )
      assert.equal((await diagnostics.get('/livez')).status, 200)
      assert.equal(await checkHealth(hub, ''), 2)
      await diagnostics.waitForMetric('mezite_hub_store_failing', {}, (value) => value === 1)

      rmSync(filler)
      await diagnostics.waitForMetric('mezite_hub_store_failing', {}, (value) => value === 0)
      assert.equal((await diagnostics.get('/readyz')).status, 200)
      const events = await hub.runOk('mezctl audit ls --type=hub.recover')
      assert.match(events, /hub\.recover/)
    })
  })
})
