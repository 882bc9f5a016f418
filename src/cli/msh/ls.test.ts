import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { IdentityScene } from '../../../test/fakes/identity-scene.ts'
import { now, publish, TestDirectory } from './testing/destination.ts'
import { runMsh } from './testing/run-msh.ts'

describe('msh ls', () => {
  it('prints what the published files say', () => {
    using directory = new TestDirectory()
    publish(directory.path, 1)
    const { code, stdout, stderr } = runMsh(['ls', `--identity=${directory.path}`])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^Bot: +github-deploy\n/)
    assert.ok(stdout.includes(join(directory.path, 'ssh_key-cert.pub')))
    assert.match(
      stdout,
      /\nSerial: +7\nValid: +until 20\S+Z, (1h|59m\w*) left\nLogins: +deploy, monitor\n/,
    )
    assert.match(
      stdout,
      /\nNODE +ADDRESS +LOGINS\nweb-server-01 +192\.0\.2\.7:2222 +deploy, monitor\ndb-01 +\[fe80::1%eth0\]:22 +backup\n$/,
    )
  })

  it('gives the same to scripts', () => {
    using directory = new TestDirectory()
    publish(directory.path, 1)
    const { stdout } = runMsh(['ls', '--format=json'], { env: { MEZITE_IDENTITY: directory.path } })
    const { valid_before: validBefore, ...rest } = JSON.parse(stdout)
    assert.equal(Date.parse(validBefore), Number(now + 3600n) * 1000)
    assert.equal(rest.bot, 'github-deploy')
    assert.equal(rest.serial, '7')
    assert.deepEqual(rest.nodes[1], {
      name: 'db-01',
      host: 'fe80::1%eth0',
      port: 22,
      logins: ['backup'],
    })
  })

  it('shows an expired certificate as one', () => {
    using directory = new TestDirectory()
    publish(directory.path, 1, { validAfter: now - 9000n, validBefore: now - 60n })
    const { code, stdout } = runMsh(['ls', `--identity=${directory.path}`])
    assert.equal(code, 0)
    assert.match(stdout, /\nValid: +expired at 20\S+Z, 1m\w* ago\n/)
  })

  it('shows the nodes that the hub granted, each with its logins', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.nodes = [
      { name: 'web-1', host: '192.0.2.1', port: 22, logins: ['deploy'] },
      { name: 'db-1', host: '2001:db8::1', port: 2222, logins: ['deploy', 'backup'] },
    ]
    await scene.run({ until: ({ published }) => published.length === 1 })
    const { stdout } = runMsh(['ls', `--identity=${scene.destination}`, '--format=json'])
    assert.deepEqual(JSON.parse(stdout).nodes, scene.hub.nodes)
  })
})
