/** What docs/ says of metrics, against programs that run. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { DiagnosticsClient } from './harness/diagnostics.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import { programPath, requirePrograms, requireRoot } from './harness/requirements.ts'
import { CHECKOUT, run } from './harness/run.ts'

requirePrograms('sshd', 'ssh', 'promtool')
requireRoot()

const DIAG = '--diag-addr=127.0.0.1:0'
const PROGRAMS = ['mezhub', 'mezd identity', 'mezd node'] as const
type ProgramName = (typeof PROGRAMS)[number]

/** By its name: type, labels without `le`. */
type Catalogue = ReadonlyMap<string, string>

const read = (path: string) => readFileSync(`${CHECKOUT}/docs/${path}`, 'utf8')

/** As the text form has them. */
function shown(text: string): Catalogue {
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Map(
    types.map(([, name = '', type = '']) => {
      const line = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(text)?.[1] ?? ''
      const labels = [...line.matchAll(/([a-z]+)="/g)].map(([, label]) => label)
      return [name, [type, ...labels.filter((label) => label !== 'le')].join(' ')]
    }),
  )
}

/** As a section of docs/metrics.md has them: | `name` | type | `label`, … | meaning | */
function described(section: string): Catalogue {
  const rows = section.matchAll(/^\| `([a-z_]+)` \| (\w+) \|(.*?)\| .+ \|$/gm)
  return new Map(
    [...rows].map(([, name = '', type = '', labels = '']) => {
      const found = [...labels.matchAll(/`([a-z]+)`/g)].map(([, label]) => label)
      return [name, [type, ...found].join(' ')]
    }),
  )
}

describe('the metrics in docs/', () => {
  let fleet: Fleet
  const catalogues = new Map<ProgramName, Catalogue>()

  before(async () => {
    fleet = await startFleet({ flags: [DIAG, '--audit-sink=audit.jsonl'] })
    const account = fleet.account()
    await fleet.role('create', 'staging', {
      allow: { node_labels: { env: 'staging' }, logins: [account.name] },
    })
    const node = await fleet.node({ name: 'web-1', labels: { env: 'staging' }, flags: [DIAG] })
    const bot = await fleet.bot({
      ...{ name: 'ci', roles: ['staging'] },
      flags: [DIAG, '--on-renew=true'],
    })
    // Histograms are there once something was measured.
    bot.daemon.signal('SIGUSR1')
    node.signal('SIGUSR1')
    for (const [name, log, counter] of [
      ['mezhub', () => fleet.hub.log, 'mezite_hub_rpc_duration_seconds_count'],
      ['mezd identity', () => bot.daemon.log, 'mezite_identity_renewal_duration_seconds_count'],
      ['mezd node', () => node.log, 'mezite_node_renewal_duration_seconds_count'],
    ] as const) {
      const diagnostics = await DiagnosticsClient.find(log)
      await diagnostics.waitForMetric(counter, {}, (value) => value > 0)
      if (name === 'mezd identity') {
        const ran = 'mezite_identity_hook_duration_seconds_count'
        await diagnostics.waitForMetric(ran, {}, (value) => value > 0)
      }
      catalogues.set(name, shown((await diagnostics.get('/metrics')).text))
    }
  })
  after(() => fleet?.[Symbol.asyncDispose]())

  it('are each described, with their types and labels, and no others', () => {
    const [, ...sections] = read('metrics.md').split(/^### /m)
    const section = (name: string) =>
      described(sections.find((it) => it.startsWith(name)) ?? assert.fail(name))
    const common = section('All three')
    for (const name of PROGRAMS) {
      const expected = new Map([...common, ...section(`\`${name}\``)])
      const actual = catalogues.get(name) ?? new Map()
      assert.deepEqual(
        Object.fromEntries([...actual].sort()),
        Object.fromEntries([...expected].sort()),
      )
    }
  })

  it('exist, where a dashboard or an alert asks for them', () => {
    const all = new Set(
      [...catalogues.values()].flatMap((catalogue) =>
        [...catalogue].flatMap(([name, type]) =>
          type.startsWith('histogram')
            ? ['_bucket', '_sum', '_count'].map((it) => name + it)
            : name,
        ),
      ),
    )
    for (const file of ['grafana/mezite.json', 'prometheus/mezite.rules.yml']) {
      const named = new Set(read(file).match(/\b(?:mezite|process)_[a-z_]+/g))
      assert.ok(named.size > 15, `${file} names metrics`)
      for (const name of named) assert.ok(all.has(name), `${file} names ${name}`)
    }
  })

  it('are shown by panels that a Grafana can load', () => {
    const dashboard = JSON.parse(read('grafana/mezite.json'))
    const ids = dashboard.panels.map(({ id }: { id: number }) => id)
    assert.equal(new Set(ids).size, ids.length)
    for (const { type, title, targets } of dashboard.panels) {
      assert.ok(title)
      if (type !== 'row') assert.ok(targets.every(({ expr }: { expr: string }) => expr.length > 0))
    }
  })

  it('have expressions and alerts that Prometheus takes, and that fire when they should', async () => {
    const directory = `${CHECKOUT}/docs/prometheus`
    const promtool = programPath('promtool')
    const check = await run([promtool, 'check', 'rules', `${directory}/mezite.rules.yml`])
    assert.equal(check.code, 0, check.stdout + check.stderr)
    const test = await run([promtool, 'test', 'rules', `${directory}/mezite.rules.test.yml`])
    assert.equal(test.code, 0, test.stdout + test.stderr)

    // The dashboard's, as rules: with its variables as Grafana fills them in.
    const { panels } = JSON.parse(read('grafana/mezite.json'))
    const expressions: string[] = panels.flatMap(
      ({ targets = [] }: { targets?: { expr: string }[] }) =>
        targets.map(({ expr }) =>
          expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
        ),
    )
    const rules = expressions.map((expr, i) => ({ record: `panel_${i}`, expr }))
    const file = fleet.directory.join('panels.yml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    const panelsCheck = await run([promtool, 'check', 'rules', file])
    assert.equal(panelsCheck.code, 0, panelsCheck.stdout + panelsCheck.stderr)
  })
})
