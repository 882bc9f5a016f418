/** CAs are replaced while bots renew every second and log in without a pause: nobody notices. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { parseCertificateLine } from '../../src/ssh/certificate.ts'
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts'
import type { Account } from './harness/account.ts'
import { rows, textAt, valueAt } from './harness/cluster.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import type { RunResult } from './harness/run.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const OFTEN = ['--renewal-interval=1s', '--certificate-ttl=8s']

function lines(path: string): number {
  return readFileSync(path, 'utf8').trim().split('\n').length
}

describe('the rotation of a CA', () => {
  let fleet: Fleet
  let deploy: Account
  let bot: ManagedBot
  let web: ManagedNode

  before(async () => {
    fleet = await startFleet()
    deploy = fleet.account()
    await fleet.role('create', 'deployer', {
      allow: { node_labels: { env: 'staging' }, logins: [deploy.name] },
    })
    const node = fleet.node({ name: 'web-1', labels: { env: 'staging' } })
    bot = await fleet.bot({ name: 'ci', roles: ['deployer'], flags: OFTEN })
    web = await node
    await waitFor(() => bot.enters(`${deploy.name}@web-1`), { what: 'the first login' })
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  /** Logs in again and again for as long as the act takes; none is refused, and no renewal fails. */
  async function undisturbed(act: () => Promise<unknown>): Promise<void> {
    const refused: RunResult[] = []
    const logOffset = bot.daemon.log.length
    let isOver = false
    let logins = 0
    const loop = (async () => {
      while (!isOver) {
        const result = await bot.ssh(`${deploy.name}@web-1`, 'true')
        logins += 1
        if (result.code !== 0) refused.push(result)
      }
    })()
    try {
      await act()
    } finally {
      isOver = true
      await loop
    }
    assert.deepEqual(refused, [])
    assert.ok(logins > 0)
    assert.doesNotMatch(bot.daemon.log.slice(logOffset), /"level":"(warn|error)"|WARN|ERROR|failed/)
  }

  const rotate = (flags: string) => fleet.hub.runOk(`mezctl ca rotate ${flags}`)
  const cas = async (type: string) => rows(await fleet.hub.json(`mezctl ca ls --type=${type}`))
  const only = async (type: string) => {
    const [ca, ...more] = await cas(type)
    assert.equal(more.length, 0)
    assert.equal(valueAt(ca, 'phase'), null)
    return textAt(ca, 'public_key').trim()
  }
  const keyOf = (line: string) => parsePublicKeyLine(line).key.blob.toString('hex')

  it('of the User CA: bots get certificates by the new one, and nodes forget the old one', async () => {
    const old = await only('user')
    await undisturbed(() => rotate('--type=user --wait'))
    const now = await only('user')
    assert.notEqual(now, old)
    assert.equal(bot.daemon.certificate?.signatureKey.blob.toString('hex'), keyOf(now))
    await waitFor(() => lines(web.file('user_ca.pub')) === 1, {
      what: 'the node to forget the old CA',
    })
    const events = await fleet.events('--type=ca.rotate')
    assert.deepEqual(events.map((event) => textAt(event, 'fields', 'phase')).reverse(), [
      'init',
      'update-clients',
      'update-servers',
      'done',
    ])
  })

  it('of the Host CA: and back again, and the hub may crash between two steps', async () => {
    const old = await only('host')
    const served = () =>
      parseCertificateLine(
        readFileSync(web.file('ssh_host_ed25519_key-cert.pub'), 'utf8'),
      ).certificate.signatureKey.blob.toString('hex')
    await undisturbed(async () => {
      await rotate('--type=host --to=update-servers --wait')
      const [, incoming] = await cas('host')
      await waitFor(() => served() === keyOf(textAt(incoming, 'public_key')), {
        what: 'the host certificate',
      })
      await rotate('--type=host --to=rollback')
      await rotate('--type=host --wait')
    })
    assert.equal(await only('host'), old)
    assert.equal(served(), keyOf(old))

    await rotate('--type=host --to=init')
    await fleet.hub.stop('SIGKILL')
    const before = bot.daemon.certificate
    await fleet.hub.start()
    // Its certificate may have ended meanwhile, and then it takes its time.
    bot.daemon.signal('SIGHUP')
    await bot.daemon.waitForCertificate(before)
    await undisturbed(() => rotate('--type=host --wait'))
    const now = await only('host')
    assert.notEqual(now, old)
    assert.equal(served(), keyOf(now))
    await waitFor(() => lines(bot.file('known_hosts')) === 1, {
      what: 'the bot to forget the old CA',
    })
  })

  it('of the TLS CA: tokens and admins of before are good up to its end, and told so after it', async () => {
    const admin = fleet.directory.join('alice.mezite')
    await fleet.hub.runOk(`mezctl admins add alice --out=${admin}`)
    const remotely = (command: string) =>
      fleet.hub.run(`mezctl ${command} --identity-file=${admin} --auth-server=${fleet.hub.address}`)
    const answer = await fleet.hub.json(
      'mezctl bots add --name=late --roles=deployer --token-uses=3',
    )
    const token = textAt(answer, 'token', 'value')
    const join = (name: string, by: string) =>
      fleet.hub.run(
        `mezd identity start --one-shot --certificate-ttl=5s --auth-server=${fleet.hub.address} --join-token=${by} --destination=${fleet.directory.join(name)}`,
      )
    const old = await only('tls')

    await undisturbed(async () => {
      await rotate('--type=tls --to=update-clients --wait')
      const newer = await fleet.hub.json('mezctl bots rotate-token ci')
      const joins = [join('old-token', token), join('new-token', textAt(newer, 'token', 'value'))]
      for (const { code, stderr } of await Promise.all(joins)) assert.equal(code, 0, stderr)
      await rotate('--type=tls --to=update-servers --wait')
      const [status, again] = await Promise.all([remotely('status'), join('old-again', token)])
      assert.equal(status.code, 0, status.stderr)
      assert.equal(again.code, 0, again.stderr)
    })
    const early = await fleet.hub.run('mezctl ca rotate --type=tls')
    assert.notEqual(early.code, 0)
    assert.match(early.stderr, /too early: admin alice has .*\nhint: mezctl ca status/)
    const renewed = await remotely('admins renew')
    assert.equal(renewed.code, 0, renewed.stderr)

    await undisturbed(() => rotate('--type=tls --to=done'))
    assert.notEqual(await only('tls'), old)
    assert.equal((await remotely('status')).code, 0)
    const late = await join('too-late', token)
    assert.equal(late.code, 6)
    assert.match(
      late.stderr,
      /a hub answers there, but with another TLS CA\nhint: .*get a new join token/,
    )
    const state = () => JSON.parse(readFileSync(bot.file('.state/identity.json'), 'utf8'))
    await waitFor(() => rows(valueAt(state(), 'tlsCas')).length === 1, {
      what: 'the bot to forget the old CA',
    })
  })
})
