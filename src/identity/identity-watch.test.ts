import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DaemonRecord, IdentityScene } from '../../test/fakes/identity-scene.ts'
import { type Clock, SECOND } from '../base/clock.ts'
import { trustDigest } from '../trust/trust-digest.ts'
import { RenewalTrigger } from './renewal-trigger.ts'

/** Short sleeps last a turn of the event loop; renewals are never due. */
function restingClock(scene: IdentityScene): Clock {
  return {
    now: () => scene.clock.now(),
    monotonic: () => scene.clock.monotonic(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        if (milliseconds < 10 * SECOND) setImmediate(resolve)
      }),
  }
}

const node = (name: string) => ({ name, host: `${name}.example`, port: 22, logins: ['deploy'] })

/** Runs until so many publications, calling `after` once after each of them. */
async function run(
  scene: IdentityScene,
  count: number,
  after: (published: number, record: DaemonRecord) => void,
  trigger = new RenewalTrigger(),
): Promise<DaemonRecord> {
  let told = 0
  return scene.run({
    trigger,
    clock: restingClock(scene),
    until(record) {
      const { length } = record.published
      if (length > told) {
        told = length
        setTimeout(() => after(length, record), 20)
      }
      return length === count
    },
  })
}

describe('the daemon, between renewals', () => {
  it('publishes the nodes that the hub tells it of, with the same key and certificate', async () => {
    await using scene = await IdentityScene.open()
    const { published, failures, warnings } = await run(scene, 2, () =>
      scene.hub.tell([node('web-7')]),
    )
    assert.deepEqual([failures, warnings], [[], []])
    const [first, second] = published
    assert.ok(first && second)
    assert.equal(second.by, 'followed')
    assert.equal(second.identity.sshCertificate, first.identity.sshCertificate)
    assert.equal(second.nextRenewalAt >= first.identity.issuedAt, true)
    assert.notEqual(second.publication.directory, first.publication.directory)
    assert.match(await scene.output('ssh_config'), /HostName web-7\.example/)
    assert.doesNotMatch(await scene.output('ssh_config'), /web-1/)
    assert.ok(await scene.publishedCertificate())
    assert.equal(scene.hub.renewals, 0)

    const again = await run(scene, 1, () => {})
    assert.deepEqual(
      again.published[0]?.identity.nodes.map(({ name }) => name),
      ['web-7'],
      'it is remembered',
    )
  })

  it('says whom its files trust where the hub asks for it, and renews where it wishes that', async () => {
    await using scene = await IdentityScene.open()
    const { published, failures } = await run(scene, 2, (count) => {
      if (count === 1) scene.hub.wish({ reportTrust: true, renewWithinMs: SECOND })
    })
    assert.deepEqual(failures, [])
    assert.deepEqual(
      published.map(({ by }) => by),
      ['joined', 'renewed'],
    )
    const { tlsCas, userCas, hostCas } = published[0]?.identity ?? assert.fail()
    const blobs = (keys: typeof userCas) => keys.map(({ blob }) => blob)
    const digest = trustDigest({ tls: tlsCas, user: blobs(userCas), host: blobs(hostCas) })
    assert.deepEqual(scene.hub.reports, [digest])
  })

  it('publishes changes that come together once, and none that is none', async () => {
    await using scene = await IdentityScene.open()
    const { published } = await run(scene, 3, (count) => {
      if (count === 1) {
        scene.hub.tell(scene.hub.nodes, [node('a')], scene.hub.nodes)
        setTimeout(() => scene.hub.tell([node('b')], [node('b'), node('c')]), 50)
      } else scene.hub.tell([node('d')])
    })
    assert.deepEqual(
      published.map(({ identity }) => identity.nodes.map(({ name }) => name)),
      [['web-1'], ['b', 'c'], ['d']],
    )
  })

  it('watches with the newest certificate, one stream at a time', async () => {
    await using scene = await IdentityScene.open()
    const trigger = new RenewalTrigger()
    const tell = () => {
      if (scene.hub.watches.length === 2) scene.hub.tell([node('a')])
      else setTimeout(tell, 5)
    }
    const after = (count: number) => (count === 1 ? trigger.renewNow() : tell())
    const { published } = await run(scene, 3, after, trigger)
    assert.deepEqual(
      published.map(({ by }) => by),
      ['joined', 'renewed', 'followed'],
    )
    assert.deepEqual(
      scene.hub.watches.map(({ certificate }) => certificate),
      published.slice(0, 2).map(({ identity }) => identity.identityCertificate),
    )
    assert.equal(scene.hub.mostOpenWatches, 1)
  })

  it('connects again after failures, told once, and at once after an orderly end', async () => {
    await using scene = await IdentityScene.open()
    const error = new Error('gone')
    const { published, warnings, failures, readiness } = await run(scene, 3, (count) => {
      if (count === 1) scene.hub.tell(error, error, 'end', [node('a')])
      else scene.hub.tell('end', [node('b')])
    })
    assert.equal(published.length, 3)
    assert.deepEqual(warnings, [{ kind: 'watch-failed', error }])
    assert.deepEqual([failures, readiness], [[], [{ ready: true }]])
    // The last end may be followed by one more before the daemon stops.
    assert.ok([5, 6].includes(scene.hub.watches.length))
  })

  it('takes no other cluster for its own', async () => {
    await using scene = await IdentityScene.open()
    const { published, warnings } = await run(scene, 2, () => {
      scene.hub.tellForeign([node('evil')])
      scene.hub.tell([node('a')])
    })
    assert.equal(warnings.length, 1)
    assert.deepEqual(published[1]?.identity.nodes, [node('a')])
  })
})
