import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { Registry } from './registry.ts'

describe('metrics', () => {
  it('are shown in the text form, with labels and help escaped', async () => {
    const registry = new Registry()
    registry.counter('a_total', 'One\nline, with \\.', ['of']).add({ of: 'a "b"\\\n' }, 3)
    registry.gauge('b_seconds', 'Signed.').set({}, -0.5)
    registry.gauge('c', 'Nothing yet.', ['of'])
    assert.equal(
      await registry.show(),
      [
        '# HELP a_total One\\nline, with \\\\.',
        '# TYPE a_total counter',
        'a_total{of="a \\"b\\"\\\\\\n"} 3',
        '# HELP b_seconds Signed.',
        '# TYPE b_seconds gauge',
        'b_seconds -0.5',
        '',
      ].join('\n'),
    )
  })

  it('count values into buckets, each of which holds those below it too', async () => {
    const registry = new Registry()
    const seconds = registry.histogram('a_seconds', 'Times.', [0.1, 1], ['of'])
    for (const value of [0.1, 0.5, 1, 2]) seconds.observe({ of: 'x' }, value)
    assert.deepEqual((await registry.show()).split('\n').slice(2, -1), [
      'a_seconds_bucket{of="x",le="0.1"} 1',
      'a_seconds_bucket{of="x",le="1"} 3',
      'a_seconds_bucket{of="x",le="+Inf"} 4',
      'a_seconds_sum{of="x"} 3.6',
      'a_seconds_count{of="x"} 4',
    ])
  })

  it('are what Prometheus reads, and names as it wants them', async () => {
    const registry = new Registry()
    registry.counter('mezite_x_total', 'Counted.', ['a', 'b']).add({ a: '"', b: '\\é' }, 2)
    registry.histogram('mezite_x_seconds', 'Timed.', [0.1, 1]).observe({}, 0.2)
    registry.gauge('mezite_x_timestamp_seconds', 'Then.').set({}, 1_795_537_032.5)
    const input = await registry.show()
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input })
    assert.equal(status, 0, `${stdout}${stderr}`)
  })

  it('hold a bounded number of series: what comes later is counted together', async () => {
    const registry = new Registry()
    const counter = registry.counter('a_total', 'Many.', ['of'])
    for (let i = 0; i < 10_000; i++) counter.add({ of: `label ${i}` })
    const lines = (await registry.show()).trimEnd().split('\n')
    assert.equal(lines.length, 2 + 301)
    assert.equal(lines.at(-1), 'a_total{of="other"} 9700')
    counter.add({ of: 'label 0' })
    assert.match(await registry.show(), /^a_total\{of="label 0"\} 2$/m)
  })

  it('are refreshed when somebody looks, and stay as they were where that fails', async () => {
    const registry = new Registry()
    const gauge = registry.gauge('a', 'Asked for.')
    let value = 1
    registry.onShow(() => gauge.set({}, value))
    registry.onShow(() => Promise.reject(new Error('broken')))
    assert.match(await registry.show(), /^a 1$/m)
    value = 2
    assert.match(await registry.show(), /^a 2$/m)
  })

  it('have one name each', () => {
    const registry = new Registry()
    registry.gauge('a', 'One.')
    assert.throws(() => registry.counter('a', 'Two.'), /two metrics a/)
    assert.throws(() => registry.counter('A-b', 'Odd.'), /no name/)
  })
})
