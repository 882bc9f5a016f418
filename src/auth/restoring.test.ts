import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  callerOf,
  DEPLOYER,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { joinNode, newNodeRequest, nodeCallerOf } from '../../test/fakes/nodes.ts'
import { HOUR, MINUTE } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { backUp } from './store/sqlite/backup.ts'
import { restore } from './store/sqlite/restore.ts'

const uid = process.getuid?.() ?? 0

describe('after a restore of an older backup', () => {
  let directory: string
  let backup: string
  let clock: FakeClock
  let auth: TestAuth

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-restore-'))
    backup = `${directory}.db`
    clock = new FakeClock()
    auth = await openTestAuth({ directory, clock })
    await auth.roles.create(LOCAL, DEPLOYER)
    await auth.bots.create(LOCAL, { name: 'ci', roles: ['ci-deployer'], token: {} })
  })
  afterEach(async () => {
    await auth[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
    await rm(backup, { force: true })
  })

  async function takeBackup(): Promise<void> {
    await backUp({ directory, path: backup, replace: false, clock, uid })
    clock.advance(MINUTE)
  }

  async function putBack(): Promise<void> {
    clock.advance(MINUTE)
    await auth[Symbol.asyncDispose]()
    const { pid } = process
    const about = { clock, random: systemRandom, pid, uid }
    await restore({ directory, path: backup, replace: true, ...about })
    clock.advance(MINUTE)
    auth = await openTestAuth({ directory, clock })
  }

  async function joinBot(bot = 'ci', uses = 1) {
    const { token } = await auth.bots.rotateToken(LOCAL, bot, { uses })
    return {
      token: token.value,
      issued: await auth.joining.join(STRANGER, token.value, newRequest()),
    }
  }

  const eventsOf = (type: string) => auth.context.store.audit.list({ type, limit: 10 })

  it('says so in the audit log, whose chain goes on', async () => {
    await takeBackup()
    await putBack()
    const [event] = await eventsOf('hub.restore')
    assert.equal(event?.fields?.['taken_at'], '2026-03-24T14:00:00.000Z')
    assert.equal(event?.actor, 'local')
  })

  it('an instance that renewed or joined since goes on, and a second use is still found', async () => {
    const early = await joinBot()
    await takeBackup()
    const renewed = await auth.renewal.renew(callerOf(early.issued), newRequest())
    const late = await joinBot()
    await putBack()

    const [again, joined] = [
      await auth.renewal.renew(callerOf(renewed), newRequest()),
      await auth.renewal.renew(callerOf(late.issued), newRequest()),
    ]
    assert.deepEqual([again.generation, joined.generation], [3n, 2n])
    const { instanceId } = joined
    assert.equal(instanceId, late.issued.instanceId)
    const next = await auth.renewal.renew(callerOf(joined), newRequest())
    assert.equal(next.generation, 3n)
    await assert.rejects(auth.renewal.renew(callerOf(late.issued), newRequest()), {
      code: 'generation-mismatch',
    })
    await assert.rejects(auth.renewal.renew(callerOf(next), newRequest()), {
      code: 'instance-locked',
    })
  })

  it('nobody comes in who was unknown before the backup, or after the restore', async () => {
    const gone = await joinBot()
    await auth.bots.remove(LOCAL, 'ci')
    await auth.bots.create(LOCAL, { name: 'ci', roles: ['ci-deployer'], token: {} })
    clock.advance(MINUTE)
    await takeBackup()
    await putBack()
    await assert.rejects(auth.renewal.renew(callerOf(gone.issued), newRequest()), {
      code: 'instance-unknown',
    })
    const after = await joinBot()
    await auth.bots.remove(LOCAL, 'ci')
    await auth.bots.create(LOCAL, { name: 'ci', roles: ['ci-deployer'], token: {} })
    await assert.rejects(auth.renewal.renew(callerOf(after.issued), newRequest()), {
      code: 'instance-unknown',
    })
  })

  it('join tokens have ended, since they may have been used', async () => {
    const { token } = await joinBot('ci', 2)
    const nodeToken = await auth.nodeTokens.create(LOCAL, {})
    await takeBackup()
    await putBack()
    for (const join of [
      auth.joining.join(STRANGER, token, newRequest()),
      auth.nodeJoining.join(STRANGER, nodeToken.value, newNodeRequest()),
    ]) {
      await assert.rejects(join, /restored from a backup/)
    }
  })

  it('a lock that had been removed is gone with the first renewal that proves it', async () => {
    const { issued } = await joinBot()
    await auth.locks.lockBot(LOCAL, 'ci', { message: 'incident 7' })
    await takeBackup()
    await auth.locks.unlockBot(LOCAL, 'ci')
    const renewed = await auth.renewal.renew(callerOf(issued), newRequest())
    await putBack()
    assert.equal((await auth.locks.list()).length, 1)
    await auth.renewal.renew(callerOf(renewed), newRequest())
    assert.deepEqual(await auth.locks.list(), [])
    const [event] = await eventsOf('lock.remove')
    assert.equal(event?.actor, 'hub')
  })

  it('a lock stays for whoever has no certificate from after its removal', async () => {
    const { issued } = await joinBot()
    await auth.locks.lockBot(LOCAL, 'ci', { message: 'incident 7' })
    clock.advance(MINUTE)
    await takeBackup()
    await putBack()
    await assert.rejects(auth.renewal.renew(callerOf(issued), newRequest()), { code: 'bot-locked' })
    // One that is set after the restore holds, whatever the certificate.
    await auth.locks.unlockBot(LOCAL, 'ci')
    const renewed = await auth.renewal.renew(callerOf(issued), newRequest())
    await auth.locks.lockBot(LOCAL, 'ci', { message: 'incident 8' })
    await assert.rejects(auth.renewal.renew(callerOf(renewed), newRequest()), {
      code: 'bot-locked',
    })
  })

  it('a node that joined since goes on, under no name and host of another', async () => {
    await joinNode(auth, { name: 'web-1', hosts: ['web-1', 'web-1.example.com'] })
    await takeBackup()
    const late = await joinNode(auth, { name: 'web-2', hosts: ['web-2'] })
    await putBack()
    const request = newNodeRequest({ name: 'web-2', hosts: ['web-2', 'web-1'] })
    const renewed = await auth.nodeRenewal.renew(nodeCallerOf(late), request)
    assert.equal(renewed.generation, 2n)
    const { node } = await auth.nodes.get('web-2')
    assert.deepEqual(node.hosts, ['web-2'])
    assert.equal(node.instanceId, late.instanceId)
  })

  it('a node that joined anew since takes the place of the one that was removed', async () => {
    const old = await joinNode(auth, { name: 'web-1' })
    clock.advance(MINUTE)
    await takeBackup()
    await auth.nodes.remove(LOCAL, 'web-1')
    const anew = await joinNode(auth, { name: 'web-1' })
    await putBack()
    await auth.nodeRenewal.renew(nodeCallerOf(anew), newNodeRequest({ name: 'web-1' }))
    await assert.rejects(
      auth.nodeRenewal.renew(nodeCallerOf(old), newNodeRequest({ name: 'web-1' })),
      { code: 'instance-unknown' },
    )
  })

  it('a node that joined after the restore, or has come back, keeps its place', async () => {
    await takeBackup()
    const lost = await joinNode(auth, { name: 'web-1' })
    const gone = await joinNode(auth, { name: 'web-2' })
    await auth.nodes.remove(LOCAL, 'web-2')
    const anew = await joinNode(auth, { name: 'web-2' })
    await putBack()
    const rebuilt = await joinNode(auth, { name: 'web-1' })
    await auth.nodeRenewal.renew(nodeCallerOf(anew), newNodeRequest({ name: 'web-2' }))
    for (const [issued, name] of [
      [lost, 'web-1'],
      [gone, 'web-2'],
    ] as const) {
      const late = auth.nodeRenewal.renew(nodeCallerOf(issued), newNodeRequest({ name }))
      await assert.rejects(late, { code: 'instance-unknown' })
    }
    await auth.nodeRenewal.renew(nodeCallerOf(rebuilt), newNodeRequest({ name: 'web-1' }))
  })

  it('whoever is removed after the restore stays out, forgotten or not', async () => {
    await takeBackup()
    const [bot, node] = [await joinBot(), await joinNode(auth, { name: 'web-1' })]
    await putBack()
    const request = newNodeRequest({ name: 'web-1' })
    await auth.renewal.renew(callerOf(bot.issued), newRequest())
    await auth.nodeRenewal.renew(nodeCallerOf(node), request)
    await auth.nodes.remove(LOCAL, 'web-1')
    await auth.bots.remove(LOCAL, 'ci')
    await auth.bots.create(LOCAL, { name: 'ci', roles: ['ci-deployer'], token: {} })
    await assert.rejects(auth.renewal.renew(callerOf(bot.issued), newRequest()), {
      code: 'instance-unknown',
    })
    await assert.rejects(auth.nodeRenewal.renew(nodeCallerOf(node), request), {
      code: 'node-removed',
    })
  })

  it('an identity that had expired meanwhile stays out', async () => {
    await takeBackup()
    const late = await joinBot()
    await putBack()
    clock.advance(25 * HOUR)
    await assert.rejects(auth.renewal.renew(callerOf(late.issued), newRequest()), {
      code: 'identity-expired',
    })
  })
})
