/** A daemon as a service: what it shows, tells systemd, reads again, waits for and runs. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Cluster, startCluster, textAt, valueAt } from './harness/cluster.ts'
import { Daemon } from './harness/daemon.ts'
import { DiagnosticsClient, valueIn } from './harness/diagnostics.ts'
import { NotifyListener } from './harness/notify-listener.ts'
import { programPath, requirePrograms } from './harness/requirements.ts'
import { run, testEnvironment } from './harness/run.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('promtool', 'python3', 'systemd-notify')

describe('a daemon as a service', () => {
  let cluster: Cluster
  let count = 0

  before(async () => {
    cluster = await startCluster({ logins: ['deploy'] })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  async function start(
    flags: readonly string[],
    env: Record<string, string> = {},
    token?: string,
  ): Promise<Daemon> {
    const name = `service-${++count}`
    return new Daemon({
      destination: cluster.directory.join(name),
      env: { ...testEnvironment(cluster.directory.join(`${name}-home`)), ...env },
      flags: [
        `--auth-server=${cluster.hub.address}`,
        `--join-token=${token ?? (await cluster.newToken())}`,
        ...flags,
      ],
    })
  }

  const mezd = (line: string) =>
    run(`mezd identity ${line}`, { env: testEnvironment(cluster.directory.join('home')) })

  it('shows its certificate, its renewals and its health', async () => {
    await using daemon = await start(['--diag-addr=127.0.0.1:0', '--renewal-interval=20m'])
    const certificate = await daemon.waitForCertificate()
    const diagnostics = await DiagnosticsClient.find(() => daemon.log)
    const endsAt = Number(certificate.validBefore)
    await diagnostics.waitForMetric(
      'mezite_identity_certificate_expiry_timestamp_seconds',
      {},
      (value) => value === endsAt,
    )
    assert.deepEqual(await diagnostics.get('/readyz'), {
      status: 200,
      text: 'ready\ncertificate: ok\n',
    })
    assert.equal((await diagnostics.get('/livez')).text, 'live\nprogress: ok\n')

    daemon.signal('SIGUSR1')
    const renewed = { outcome: 'success' }
    await diagnostics.waitForMetric('mezite_identity_renewals_total', renewed, (it) => it === 1)
    await cluster.hub.stop()
    try {
      daemon.signal('SIGUSR1')
      const failed = { outcome: 'unreachable' }
      await diagnostics.waitForMetric('mezite_identity_renewals_total', failed, (it) => it >= 1)
    } finally {
      await cluster.hub.start()
    }
    const samples = await diagnostics.metrics()
    const value = (name: string, labels = {}) => valueIn(samples, `mezite_identity_${name}`, labels)
    assert.equal(value('info', { bot: 'github-deploy' }), 1)
    assert.equal(value('joins_total', renewed), 1)
    assert.equal(value('ready'), 1)
    assert.equal(value('publish_failures_total'), 0)
    assert.equal(value('renewal_duration_seconds_count', { outcome: 'success' }), 1)
    const { text } = await diagnostics.get('/metrics')
    assert.doesNotMatch(text, /tok-bot|PRIVATE/)
    const lint = await run([programPath('promtool'), 'check', 'metrics'], { input: text })
    assert.equal(lint.code, 0, lint.stdout + lint.stderr)
  })

  it('is not ready without a certificate, and says why', async () => {
    const token = await cluster.newToken()
    await cluster.hub.stop()
    try {
      await using daemon = await start(['--diag-addr=127.0.0.1:0'], {}, token)
      const diagnostics = await DiagnosticsClient.find(() => daemon.log)
      await daemon.waitForLog(/not ready/)
      const { status, text } = await diagnostics.get('/readyz')
      assert.equal(status, 503)
      assert.match(text, /^not ready\nhub-unreachable: .*\nhint: /)
      assert.equal((await diagnostics.get('/livez')).status, 200)
    } finally {
      await cluster.hub.start()
    }
  })

  for (const kind of ['a path', 'an abstract name'] as const) {
    it(`tells systemd at ${kind} how it is, and gives signs of life`, async () => {
      const socket =
        kind === 'a path' ? cluster.directory.join('notify') : `@mezite-test-${process.pid}`
      await using listener = await NotifyListener.start(socket)
      await using daemon = await start([], { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' })
      await listener.waitFor('READY=1')
      assert.ok(daemon.certificate, 'it is published by then')
      await listener.waitFor('STATUS=ready: the published certificate is valid')
      await listener.waitFor('WATCHDOG=1')
      daemon.signal('SIGHUP')
      await listener.waitFor('RELOADING=1')
      const last = (notice: string) => listener.notices.lastIndexOf(notice)
      await waitFor(() => last('READY=1') > last('RELOADING=1'), {
        what: 'it to be ready again after reading',
        context: () => daemon.log,
      })
      await daemon.stop()
      assert.ok(listener.notices.includes('STOPPING=1'))
    })
  }

  it('reads its settings again at SIGHUP, all or none', async () => {
    const config = cluster.directory.join('daemon.yaml')
    const write = (...lines: readonly string[]) => writeFileSync(config, `${lines.join('\n')}\n`)
    write('renewal-interval: 20m', 'log-level: info')
    await using daemon = await start([`--config=${config}`])
    const first = await daemon.waitForCertificate()
    await daemon.waitForLog(/joined/)

    write('renewal-interval: 1s', 'certificate-ttl: 5m', 'log-level: debug')
    daemon.signal('SIGHUP')
    await daemon.waitForLog(
      /settings read again changed="renewal-interval, certificate-ttl, log-level"/,
    )
    const second = await daemon.waitForCertificate(first)
    assert.ok(second.validBefore - second.validAfter <= 400n, 'the new TTL holds')
    await daemon.waitForCertificate(second)

    let offset = daemon.log.length
    write('renewal-interval: 20m', 'destination: /elsewhere', 'state-dir: /elsewhere/state')
    daemon.signal('SIGHUP')
    await daemon.waitForLog(
      /settings not read again.*restart-needed: state-dir can't change while the program runs.*hint="restart it/,
      offset,
    )
    offset = daemon.log.length
    write('renewal-intervall: 20m')
    daemon.signal('SIGHUP')
    await daemon.waitForLog(/settings not read again.*unknown-key.*renewal-intervall/, offset)
    offset = daemon.log.length
    write('renewal-interval: 10m', 'certificate-ttl: 5m')
    daemon.signal('SIGHUP')
    await daemon.waitForLog(/settings not read again.*is not shorter than/, offset)
    assert.equal(daemon.exit, undefined)
  })

  it('says who runs already when it is started twice', async () => {
    await using daemon = await start(['--diag-addr=127.0.0.1:0'])
    await daemon.waitForCertificate()
    const port = /diagnostics at http:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.log)?.[1]
    const { code, stderr } = await mezd(
      `start --auth-server=${cluster.hub.address} --destination=${daemon.destination} --diag-addr=127.0.0.1:${port}`,
    )
    assert.equal(code, 7)
    assert.match(stderr, /is in use by pid \d+ since 20/)
  })

  it('runs the command of --on-renew, again until it succeeds, and shows how that went', async () => {
    const gate = cluster.directory.join('gate')
    const ran = cluster.directory.join('ran')
    const command = `echo "$MEZITE_EVENT $MEZITE_SERIAL" >>${ran}; echo not yet; test -e ${gate}`
    await using daemon = await start([
      '--diag-addr=127.0.0.1:0',
      `--on-renew=${command}`,
      '--renewal-interval=20m',
    ])
    const certificate = await daemon.waitForCertificate()
    const diagnostics = await DiagnosticsClient.find(() => daemon.log)
    await daemon.waitForLog(
      /command of --on-renew failed; again in .*reason="it ended with 1".*output="not yet"/,
    )
    const failing = 'mezite_identity_hook_failing'
    await diagnostics.waitForMetric(failing, {}, (it) => it === 1)
    const status = await mezd(`status --destination=${daemon.destination} --format=json`)
    assert.equal(status.code, 7)
    assert.equal(textAt(JSON.parse(status.stdout), 'problems', 0, 'code'), 'hook-failing')
    assert.equal(valueAt(JSON.parse(status.stdout), 'ready'), true, 'the certificate is good')

    writeFileSync(gate, '')
    await daemon.waitForLog(/the command of --on-renew has run/)
    await diagnostics.waitForMetric(failing, {}, (it) => it === 0)
    const [line = ''] = readFileSync(ran, 'utf8').split('\n')
    assert.equal(line, `joined ${certificate.serial}`)
    const well = await mezd(`status --destination=${daemon.destination}`)
    assert.equal(well.code, 0, well.stdout)
    assert.match(well.stdout, /^Last command: +succeeded at 20/m)

    daemon.signal('SIGUSR1')
    const next = await daemon.waitForCertificate(certificate)
    await daemon.waitForLog(new RegExp(`--on-renew has run serial=${next.serial}`))
  })

  it('fails a one-shot whose command fails, with the files in place', async () => {
    const destination = cluster.directory.join('one-shot')
    const start = async (command: string) =>
      mezd(
        `start --one-shot --auth-server=${cluster.hub.address} --join-token=${await cluster.newToken()} --destination=${destination} --on-renew='${command}'`,
      )
    const { code, stderr } = await start('echo no; exit 4')
    assert.equal(code, 7)
    assert.match(stderr, /^no\nerror: the command of --on-renew failed: it ended with 4/)
    assert.ok(existsSync(`${destination}/ssh_key-cert.pub`))
    assert.equal((await start('test -e "$MEZITE_CERTIFICATE"')).code, 0)
  })

  it('is waited for', async () => {
    const late = await mezd(
      `wait --destination=${cluster.directory.join('nowhere')} --timeout=300ms`,
    )
    assert.equal(late.code, 7)
    assert.match(late.stderr, /has no valid certificate: .*\nhint: mezd identity status/)
    const destination = cluster.directory.join(`service-${count + 1}`)
    const waiting = mezd(`wait --destination=${destination} --timeout=30s --format=json`)
    await using daemon = await start([])
    const { code, stdout } = await waiting
    assert.equal(code, 0)
    assert.equal(
      textAt(JSON.parse(stdout), 'serial'),
      String((await daemon.waitForCertificate()).serial),
    )
    rmSync(cluster.directory.join('gate'), { force: true })
  })
})
