/** What a node's agent shows of itself. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DiagnosticsClient, valueIn } from './harness/diagnostics.ts'
import { startFleet } from './harness/fleet.ts'
import { programPath, requirePrograms, requireRoot } from './harness/requirements.ts'
import { run } from './harness/run.ts'

requirePrograms('sshd', 'ssh', 'promtool')
requireRoot()

describe('a node with --diag-addr', () => {
  it('shows grants, sessions and whether the hub is in touch', async () => {
    await using fleet = await startFleet()
    const account = fleet.account()
    await fleet.role('create', 'staging', {
      allow: { node_labels: { env: 'staging' }, logins: [account.name] },
    })
    const node = await fleet.node({
      name: 'web-1',
      labels: { env: 'staging' },
      flags: ['--diag-addr=127.0.0.1:0'],
    })
    const bot = await fleet.bot({ name: 'ci', roles: ['staging'] })
    const diagnostics = await DiagnosticsClient.find(() => node.log)
    const metric = (name: string, labels: Record<string, string>, wanted: number) =>
      diagnostics.waitForMetric(`mezite_node_${name}`, labels, (value) => value === wanted)
    await metric('logins', {}, 1)
    await metric('hub_connected', {}, 1)
    const ready = await diagnostics.get('/readyz')
    assert.deepEqual(ready, { status: 200, text: 'ready\nidentity: ok\nhub: ok\nfiles: ok\n' })
    assert.deepEqual(await diagnostics.get('/livez'), {
      status: 200,
      text: 'live\nprogress: ok\n',
    })

    const session = bot.start(`${account.name}@web-1`, '--', 'sleep', '600')
    await metric('sessions', {}, 1)
    await metric('sessions_started_total', {}, 1)
    await session.stop()
    await metric('sessions', {}, 0)
    await metric('sessions_ended_total', { reason: 'closed' }, 1)
    await metric('queued_events', {}, 0)

    const samples = await diagnostics.metrics()
    const value = (name: string, labels = {}) => valueIn(samples, `mezite_node_${name}`, labels)
    assert.equal(value('info', { node: 'web-1' }), 1)
    assert.equal(value('joins_total', { outcome: 'success' }), 1)
    assert.equal(value('stale_since_timestamp_seconds'), 0)
    assert.ok((value('updates_applied_total', { outcome: 'complete' }) ?? 0) >= 1)
    assert.ok((value('host_certificate_expiry_timestamp_seconds') ?? 0) > Date.now() / 1_000)
    const { text } = await diagnostics.get('/metrics')
    const lint = await run([programPath('promtool'), 'check', 'metrics'], { input: text })
    assert.equal(lint.code, 0, lint.stdout + lint.stderr)

    await fleet.hub.stop()
    await metric('hub_connected', {}, 0)
    const { status, text: reasons } = await diagnostics.get('/readyz')
    assert.equal(status, 503)
    assert.match(
      reasons,
      /^not ready\nidentity: ok\nhub: out of touch since 20.*\nhint: who was let in/,
    )
    assert.ok(valueIn(await diagnostics.metrics(), 'mezite_node_stale_since_timestamp_seconds'))
  })
})
