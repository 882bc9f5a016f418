import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DaemonRecord, IdentityScene } from '../../test/fakes/identity-scene.ts'
import { HOUR, MINUTE } from '../base/clock.ts'
import { HubError } from '../client/identity-hub.ts'

/** What readiness was in turn, by the codes of its reasons. */
function phases({ readiness }: DaemonRecord): readonly string[] {
  return readiness.map((it) => (it.ready ? 'ready' : it.reasons.map(({ code }) => code).join(', ')))
}

describe('a daemon without a hub', () => {
  it('outlives its certificate and its identity, says so, and is readmitted', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.identityTtlMs = 3 * HOUR
    const start = scene.clock.now()
    const record = await scene.run({
      until: ({ published, failures }) => {
        scene.hub.isUnreachable = published.length === 1 && scene.clock.now() < start + 4 * HOUR
        const refused = failures.filter(({ error }) => hubCode(error) === 'identity-expired')
        if (refused.length === 3) scene.hub.readmit()
        return published.length === 2
      },
    })
    assert.equal(record.error, undefined)
    assert.deepEqual(phases(record), [
      'ready',
      'certificate-expired, hub-unreachable',
      'identity-expired, certificate-expired, hub-unreachable',
      'identity-expired, certificate-expired',
      'ready',
    ])
    assert.equal(record.published[1]?.by, 'renewed')
    assert.equal(scene.hub.generation, 2n)
    assert.equal(scene.hub.locked, 0)
    // Never given up, and never in a hurry: backoff with full jitter is half a minute on average.
    const hours = (scene.clock.now() - start) / HOUR
    assert.ok(record.failures.every(({ retryInMs }) => retryInMs <= MINUTE))
    assert.ok(record.failures.length > hours * 60, 'at least once a minute')
    assert.ok(record.failures.length < hours * 60 * 3, 'and about twice')
  })

  it('joins anew with the token that its file has by then', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.identityTtlMs = 3 * HOUR
    const start = scene.clock.now()
    const [first, second] = [scene.parameters.joinToken, scene.hub.newToken()]
    let reads = 0
    const files = [first, undefined, 'no token', second]
    const record = await scene.run({
      rereadJoinToken: async () => files[Math.min(reads++, files.length - 1)],
      until: ({ published }) => {
        scene.hub.isUnreachable = published.length === 1 && scene.clock.now() < start + 4 * HOUR
        return published.length === 2
      },
    })
    assert.deepEqual(
      record.published.map(({ by }) => by),
      ['joined', 'joined'],
    )
    assert.equal(record.published[1]?.identity.generation, 1n)
    assert.ok(reads >= 4, 'nothing is read before the hub has given the identity up')
    const unreadable = record.warnings.filter(({ kind }) => kind === 'token-unreadable')
    assert.equal(unreadable.length, 1)
    assert.equal(scene.hub.joins, 2)
  })

  it('tries a token that is refused once, until there is another', async () => {
    await using scene = await IdentityScene.open()
    await scene.run({ until: ({ published }) => published.length === 1 })
    scene.hub.refuseRenewal = 'identity-expired'
    scene.hub.refuseJoin = 'token-expired'
    let token = scene.hub.newToken()
    const { published } = await scene.run({
      parameters: { joinToken: undefined },
      rereadJoinToken: async () => token,
      until: ({ failures, published }) => {
        if (failures.length === 10) {
          scene.hub.refuseJoin = undefined
          token = scene.hub.newToken()
        }
        return published.at(-1)?.by === 'joined'
      },
    })
    assert.equal(published.at(-1)?.by, 'joined')
    assert.equal(scene.hub.joins, 3)
  })

  it('asks for no stream with an identity that the hub has given up', async () => {
    await using scene = await IdentityScene.open()
    await scene.run({ until: ({ published }) => published.length === 1 })
    scene.hub.refuseRenewal = 'identity-expired'
    const refusal = new HubError('refused', 'expired', { hubCode: 'identity-expired' })
    for (let times = 0; times < 5; times++) scene.hub.tell(refusal)
    await scene.run({ until: ({ failures }) => failures.length === 20 })
    assert.equal(scene.hub.watches.length, 1)
  })
})

function hubCode(error: unknown): string | undefined {
  return error instanceof HubError ? error.hubCode : undefined
}
