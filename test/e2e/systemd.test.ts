/** The services as systemd runs them, confined as their units say. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { textAt } from './harness/cluster.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { SystemdMachine } from './harness/systemd-machine.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('systemd-analyze', 'curl', 'sshd', 'ssh', 'unshare', 'nsenter', 'ip', 'useradd')
requireRoot()

const CERTS = '/var/lib/mezite/identity/certs'

describe('under systemd', () => {
  let machine: SystemdMachine
  before(async () => {
    machine = await SystemdMachine.start()
  })
  after(() => machine?.[Symbol.asyncDispose]())

  /** With the published files, by the account that may read them. */
  const login = (command: string) =>
    machine.run(`runuser -u deploy -- ssh -F ${CERTS}/ssh_config web-1 ${command}`)

  it('the hub serves as an account of its own, and says so', async () => {
    await machine.write(
      '/etc/mezite/mezhub.yaml',
      'listen-addr: 127.0.0.1:3025',
      'public-addr: 127.0.0.1:3025',
      'diag-addr: 127.0.0.1:3026',
    )
    await machine.runOk('mezhub install systemd --user=mezite --write')
    await machine.runOk('systemctl daemon-reload && systemctl start mezhub')
    assert.equal(await machine.property('mezhub', 'StatusText'), 'serving at 127.0.0.1:3025')
    assert.match(await machine.runOk('mezctl status'), /sqlite \/var\/lib\/mezite\/hub/)
    const user = await machine.runOk('stat -c %U:%a /var/lib/mezite/hub /var/lib/mezite/hub/hub.db')
    assert.equal(user, 'mezite:700\nmezite:600\n')
    assert.match(await machine.runOk('curl -sf http://127.0.0.1:3026/readyz'), /^ready\n/)
  })

  it('a node lets bots in, and a bot enters', async () => {
    await machine.runOk('systemctl start ssh')
    await machine.write(
      'role.yaml',
      ...['kind: role', 'metadata: {name: deployer}', 'spec: {options: {max_session_ttl: 1h},'],
      ...['  allow: {node_labels: {env: staging}, logins: [deploy]}}'],
    )
    await machine.runOk('mezctl roles create --from-file=role.yaml')
    const token = async (command: string) =>
      textAt(JSON.parse(await machine.runOk(`${command} --format=json`)), 'token', 'value')
    const nodeToken = await token('mezctl tokens create --roles=node')
    await machine.write('/etc/mezite/join.env', `MEZITE_JOIN_TOKEN=${nodeToken}`)
    await machine.write(
      '/etc/mezite/node.yaml',
      ...['auth-server: 127.0.0.1:3025', 'name: web-1', 'labels: env=staging', 'hosts: 127.0.0.1'],
    )
    await machine.runOk('mezd node install systemd --write')
    await machine.runOk('systemctl daemon-reload && systemctl start mezd-node')
    assert.equal(await machine.property('mezd-node', 'StatusText'), 'in touch with the hub')

    const botToken = await token('mezctl bots add --name=ci --roles=deployer')
    await machine.write('/etc/mezite/join.env', `MEZITE_JOIN_TOKEN=${botToken}`)
    await machine.write(
      '/etc/mezite/identity.yaml',
      ...['auth-server: 127.0.0.1:3025', `destination: ${CERTS}`, 'reader-user: deploy'],
      'on-renew: echo "$MEZITE_SERIAL" >/var/lib/mezite/identity/serial',
    )
    await machine.runOk('mezd identity install systemd --write')
    await machine.runOk('systemctl daemon-reload && systemctl start mezd-identity')
    await machine.runOk(`mezd identity wait --timeout=1ms`)
    await machine.runOk('rm /etc/mezite/join.env')

    const { code, stdout, stderr } = await login('id -un')
    assert.deepEqual([code, stdout], [0, 'deploy\n'], stderr)
    assert.match(await machine.runOk('msh ls'), /^web-1 .* deploy$/m, 'it finds the identity')
    for (const verb of ['node', 'identity']) await machine.runOk(`mezd ${verb} status`)
  })

  it('a reload renews, and the command of on-renew runs', async () => {
    const serial = () => machine.runOk('cat /var/lib/mezite/identity/serial')
    const before = await serial()
    await machine.runOk('systemctl reload mezd-identity')
    await waitFor(async () => (await serial()) !== before, { what: 'the next certificate' })
    await machine.runOk('systemctl reload mezd-node mezhub')
    await waitFor(async () => (await machine.property('mezd-node', 'SubState')) === 'running', {
      what: 'the agent to be ready again',
    })
  })

  it('a lock ends sessions and closes the node, sandbox or not', async () => {
    const session = login('"echo in >/tmp/in; sleep 600"')
    await waitFor(async () => (await machine.run('test -e /tmp/in')).code === 0, {
      what: 'the session',
    })
    await waitFor(async () => (await machine.runOk('mezctl sessions ls')).includes('web-1'), {
      what: 'the session to be known',
    })
    await machine.runOk('mezctl locks add --bot=ci --ttl=1h')
    assert.notEqual((await session).code, 0)
    assert.notEqual((await login('true')).code, 0)
    const ended = 'pgrep -u deploy sleep'
    await waitFor(async () => (await machine.run(ended)).code === 1, { what: 'its processes' })
  })

  it('a program that hangs is started again by the watchdog', async () => {
    await machine.runOk('mkdir -p /run/systemd/system/mezd-identity.service.d')
    await machine.write(
      '/run/systemd/system/mezd-identity.service.d/fast.conf',
      ...['[Service]', 'WatchdogSec=2s', 'RestartSec=100ms'],
    )
    await machine.runOk('systemctl daemon-reload && systemctl restart mezd-identity')
    const pid = await machine.property('mezd-identity', 'MainPID')
    await machine.runOk(`kill -STOP ${pid}`)
    const restarts = async () => Number(await machine.property('mezd-identity', 'NRestarts'))
    await waitFor(async () => (await restarts()) > 0, { what: 'the watchdog to bite' })
    await waitFor(
      async () => (await machine.property('mezd-identity', 'ActiveState')) === 'active',
      { what: 'the daemon to be back' },
    )
  })

  it('all of them stop when they are told, and leave nothing of theirs', async () => {
    const units = 'mezd-identity mezd-node mezhub'
    await machine.runOk(`systemctl stop ${units}`)
    for (const unit of units.split(' ')) {
      assert.equal(await machine.property(unit, 'Result'), 'success', unit)
    }
    await machine.runOk('test -d /run/mezite/sessions/spool')
  })

  it('the units are what systemd takes, and confined', async () => {
    const units = ['mezhub', 'mezd-node', 'mezd-identity']
    const paths = units.map((unit) => `/etc/systemd/system/${unit}.service`).join(' ')
    const { code, stdout, stderr } = await machine.run(`systemd-analyze verify ${paths}`)
    assert.deepEqual([code, stdout + stderr], [0, ''])
    for (const unit of units) {
      const report = await machine.runOk(
        `systemd-analyze security --offline=true --threshold=35 /etc/systemd/system/${unit}.service`,
      )
      assert.match(report, /Overall exposure level for .*: [0-3]\.\d/, unit)
    }
  })

  it('a unit that somebody has edited is not written over', async () => {
    const unit = '/etc/systemd/system/mezhub.service'
    assert.match(await machine.runOk('mezhub install systemd --user=mezite --write'), /unchanged/)
    assert.match(await machine.runOk('mezhub install systemd --write'), /replaced/)
    await machine.runOk(`echo '# mine' >>${unit}`)
    const { code, stderr } = await machine.run('mezhub install systemd --write')
    assert.equal(code, 7)
    assert.match(stderr, /was written or edited by somebody\nhint: .*systemctl edit mezhub.service/)
    assert.match(await machine.runOk(`tail -n 1 ${unit}`), /mine/)
    assert.match(await machine.runOk('mezhub install systemd --write --force'), /replaced/)
    assert.equal(
      (await machine.runOk('mezhub install systemd')).trim(),
      (await machine.runOk(`cat ${unit}`)).trim(),
    )
  })
})
