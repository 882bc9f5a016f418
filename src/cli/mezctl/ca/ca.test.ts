import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
before(async () => {
  hub = await startNetworkTestHub()
})
after(() => hub[Symbol.asyncDispose]())

async function ok(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await hub.mezctl(argv)
  assert.equal(code, 0, stderr)
  return stdout
}

describe('mezctl ca', () => {
  it('lists the CAs, and which of them sign', async () => {
    assert.match(
      await ok('ca', 'ls'),
      /^CA +FINGERPRINT +CREATED +STATE\nuser +SHA256:\S+ +\S+Z +in place, signs\nhost .*\ntls .*\n$/,
    )
    const [only] = JSON.parse(await ok('ca', 'ls', '--type=host', '--format=json'))
    assert.deepEqual([only.type, only.phase, only.signs], ['host', null, true])
  })

  it('takes one step at a time, and each once', async () => {
    const first = await ok('ca', 'rotate', '--type=host')
    assert.match(
      first,
      /^Step taken: init \(host CA\)\nThe host CA is in phase init since \S+Z; next: update-clients\.\n$/,
    )
    assert.doesNotMatch(await ok('ca', 'rotate', '--type=host', '--to=init'), /Step taken/)
    assert.match(await ok('ca', 'ls', '--type=host'), /in place, signs\nhost .* init since \S+Z\n$/)
    assert.equal((await ok('ca', 'export', '--type=host')).trim().split('\n').length, 2)
    const status = await ok('ca', 'status')
    assert.match(status, /^The user CA is not being rotated\.\nThe host CA is in phase init /)
    const early = await hub.mezctl(['ca', 'rotate', '--type=host', '--to=done'])
    assert.equal(early.code, 2)
    assert.match(early.stderr, /: done can't follow\nhint: what can: update-clients or rollback\n/)
  })

  it('goes back, and drops the CA that came', async () => {
    const before = JSON.parse(await ok('ca', 'ls', '--type=host', '--format=json'))
    await ok('ca', 'rotate', '--type=host', '--to=update-servers', '--wait')
    await ok('ca', 'rotate', '--type=host', '--to=rollback')
    const onward = await hub.mezctl([
      'ca',
      'rotate',
      '--type=host',
      '--to=update-servers',
      '--wait',
    ])
    assert.equal(onward.code, 2)
    assert.match(await ok('ca', 'rotate', '--type=host', '--wait'), /not being rotated/)
    const after = JSON.parse(await ok('ca', 'ls', '--type=host', '--format=json'))
    assert.deepEqual(
      after.map((ca: { id: string }) => ca.id),
      [before[0].id],
    )
  })

  it('waits for admins, who renew their identities', async () => {
    const file = join(hub.directory, 'alice.mezite')
    await ok('admins', 'add', 'alice', '--out', file, '--ttl=1h')
    const env = { MEZITE_ADMIN_IDENTITY: file, MEZITE_AUTH_SERVER: hub.address ?? '' }
    const remotely = (...argv: readonly string[]) => hub.mezctl(argv, { env })
    await ok('ca', 'rotate', '--type=tls', '--to=update-servers', '--wait')
    const early = await hub.mezctl(['ca', 'rotate', '--type=tls'])
    assert.match(early.stderr, /admin alice has an identity of the other CA/)
    assert.match(await ok('ca', 'status', '--type=tls'), /^tls +admin alice +- +has an identity /m)
    const refused = await hub.mezctl(['admins', 'renew'])
    assert.deepEqual([refused.code, /--identity-file/.test(refused.stderr)], [2, true])
    const renewed = await remotely('admins', 'renew')
    assert.equal(renewed.code, 0, renewed.stderr)
    assert.match(renewed.stdout, /^Identity renewed: .*alice\.mezite \(expires: \S+Z\)\n$/)
    const all = await ok('ca', 'rotate', '--type=tls', '--wait', '--format=json')
    assert.equal(JSON.parse(all).phase, null)
    assert.equal((await remotely('status')).code, 0)
  })
})
