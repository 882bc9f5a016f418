import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type DaemonRecord, IdentityScene } from '../../test/fakes/identity-scene.ts'
import { type Clock, DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { isSamePrivateKey } from './identity.ts'
import { RenewalTrigger } from './renewal-trigger.ts'

const publications = (count: number) => ({
  until: ({ published, failures }: DaemonRecord) =>
    published.length === count || failures.length > 100,
})

describe('the daemon', () => {
  it('joins, publishes, and renews itself with a new identity key and the same SSH key', async () => {
    await using scene = await IdentityScene.open()
    const { published, failures, readiness, error } = await scene.run(publications(3))
    assert.deepEqual([failures, error, readiness], [[], undefined, [{ ready: true }]])
    assert.deepEqual(
      published.map(({ identity, by }) => [by, identity.generation]),
      [
        ['joined', 1n],
        ['renewed', 2n],
        ['renewed', 3n],
      ],
    )
    const [first, second] = published.map(({ identity }) => identity)
    assert.ok(first && second)
    assert.ok(isSamePrivateKey(first.sshKey, second.sshKey))
    assert.ok(!isSamePrivateKey(first.identityKey, second.identityKey))
    assert.deepEqual(
      (await scene.publishedCertificate())?.blob,
      published[2]?.identity.sshCertificate.blob,
    )
  })

  it('renews after a third of the life, and replaces an SSH key that is too old', async () => {
    await using scene = await IdentityScene.open()
    const { published } = await scene.run({
      ...publications(4),
      parameters: { keyLifetimeMs: 30 * MINUTE },
    })
    const [first, second, third, fourth] = published.map(({ identity }) => identity)
    assert.ok(first && second && third && fourth)
    const after = second.issuedAt - first.issuedAt
    assert.ok(after >= 18 * MINUTE && after <= 23 * MINUTE, `${after}`)
    assert.ok(isSamePrivateKey(first.sshKey, second.sshKey))
    assert.ok(!isSamePrivateKey(second.sshKey, third.sshKey))
    assert.ok(isSamePrivateKey(third.sshKey, fourth.sshKey))
    assert.equal(third.sshKeySince, third.issuedAt)
    assert.equal(fourth.sshKeySince, third.issuedAt)
  })

  it('goes on from its state without a token, and ignores the one it is given', async () => {
    await using scene = await IdentityScene.open()
    await scene.run(publications(1))
    const withoutToken = await scene.run({
      ...publications(2),
      parameters: { joinToken: undefined },
    })
    assert.deepEqual(
      withoutToken.published.map(({ by }) => by),
      ['republished', 'renewed'],
    )
    const joinToken = scene.hub.newToken()
    const { published } = await scene.run({ ...publications(2), parameters: { joinToken } })
    assert.equal(published[1]?.identity.generation, 3n)
    assert.equal(scene.hub.joins, 1)
  })

  it('says what is missing when it has neither an identity nor a token', async () => {
    await using scene = await IdentityScene.open()
    const parameters = { joinToken: undefined }
    const { error } = await scene.run({ ...publications(1), parameters })
    assert.equal(error instanceof Error && 'code' in error && error.code, 'token-needed')

    scene.hub.isUnreachable = true
    await scene.run({ until: ({ failures }) => failures.length === 1 })
    const second = await scene.run({ ...publications(1), parameters })
    assert.match(String(second.error), /not finished; give the same token again/)
  })

  it('ends with the refusal of a first join, and waits where the hub may change its mind', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.refuseJoin = 'bot-locked'
    const { failures, readiness, published } = await scene.run({
      until: ({ failures, published }) => {
        if (failures.length === 5) scene.hub.refuseJoin = undefined
        return published.length === 1
      },
    })
    assert.deepEqual([failures.length, published.length], [5, 1])
    const locked = { code: 'locked', message: 'refused: bot-locked' }
    assert.deepEqual(readiness, [{ ready: false, reasons: [locked] }, { ready: true }])

    await using other = await IdentityScene.open()
    other.hub.refuseJoin = 'token-expired'
    const { error } = await other.run(publications(1))
    assert.equal(error instanceof Error && 'hubCode' in error && error.hubCode, 'token-expired')
    assert.equal(other.hub.joins, 1)
  })

  it('keeps trying while its bot is locked, at least once a minute, and is re-admitted', async () => {
    await using scene = await IdentityScene.open()
    const { failures, readiness, published } = await scene.run({
      until: ({ failures, published }) => {
        scene.hub.refuseRenewal =
          published.length === 1 && failures.length < 300 ? 'bot-locked' : undefined
        return published.length === 2
      },
    })
    assert.equal(published[1]?.identity.generation, 2n)
    assert.ok(failures.length >= 300 && failures.every(({ retryInMs }) => retryInMs <= MINUTE))
    assert.deepEqual(
      readiness.map(({ ready }) => ready),
      [true, false, true],
    )
    assert.equal(scene.hub.locked, 0)
  })

  it('joins anew with another token once the hub has given the instance up', async () => {
    await using scene = await IdentityScene.open()
    await scene.run(publications(1))
    scene.hub.refuseRenewal = 'instance-unknown'
    const joinToken = scene.hub.newToken()
    const { published, failures } = await scene.run({
      ...publications(2),
      parameters: { joinToken },
    })
    assert.deepEqual([published[1]?.by, failures.length], ['joined', 1])

    scene.hub.refuseJoin = 'token-used'
    const again = await scene.run({
      parameters: { joinToken: scene.hub.newToken() },
      until: ({ failures }) => failures.length === 8,
    })
    assert.equal(again.error, undefined)
    assert.equal(scene.hub.joins, 3, 'a refused token is tried once')
    assert.match(String(again.failures.at(-1)?.error), /instance-unknown/)
  })

  it('never joins anew for its own token, or for another reason', async () => {
    await using scene = await IdentityScene.open()
    await scene.run(publications(1))
    for (const [refusal, joinToken] of [
      ['bot-removed', scene.parameters.joinToken],
      ['identity-expired', scene.parameters.joinToken],
      ['instance-locked', scene.hub.newToken()],
    ] as const) {
      scene.hub.refuseRenewal = refusal
      const until = ({ failures }: DaemonRecord) => failures.length === 5
      await scene.run({ until, parameters: { joinToken } })
    }
    assert.equal(scene.hub.joins, 1)
  })

  it('tries its own token, until it is refused, at a hub that does not know the instance', async () => {
    await using scene = await IdentityScene.open()
    await scene.run(publications(1))
    scene.hub.refuseRenewal = 'instance-unknown'
    await scene.run({ until: ({ failures }) => failures.length === 5 })
    assert.equal(scene.hub.joins, 2)
    scene.hub.forget()
    const { published } = await scene.run({ until: ({ published: all }) => all.length === 2 })
    assert.deepEqual(
      published.map(({ by }) => by),
      ['republished', 'joined'],
    )
  })

  it('survives the loss of any answers', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.loseAnswer = (call) => call % 3 !== 0
    const { published } = await scene.run({ ...publications(5), parameters: { keyLifetimeMs: 0 } })
    assert.deepEqual(
      published.map(({ identity }) => identity.generation),
      [1n, 2n, 3n, 4n, 5n],
    )
    assert.equal(scene.hub.locked, 0)
  })

  it('renews at once when asked to, with a new SSH key when asked for one', async () => {
    await using scene = await IdentityScene.open()
    const trigger = new RenewalTrigger()
    const { published } = await scene.run({
      trigger,
      until: ({ published }) => {
        if (published.length < 3) trigger.renewNow({ replaceSshKey: published.length === 2 })
        return published.length === 3
      },
    })
    const [first, second, third] = published.map(({ identity }) => identity)
    assert.ok(first && second && third)
    assert.equal(third.issuedAt, first.issuedAt)
    assert.ok(isSamePrivateKey(first.sshKey, second.sshKey))
    assert.ok(!isSamePrivateKey(second.sshKey, third.sshKey))
  })

  it('follows the hub in when to renew', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.suggestedInMs = 7 * MINUTE
    const { published } = await scene.run(publications(2))
    const [first, second] = published
    assert.ok(first && second)
    assert.equal(first.nextRenewalAt, first.identity.issuedAt + 7 * MINUTE)
    assert.ok(Math.abs(second.identity.issuedAt - first.nextRenewalAt) <= SECOND)
  })

  it('warns of a skewed clock, and renews by the hub’s', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.skewMs = 5 * HOUR
    const { warnings, readiness, published } = await scene.run(publications(2))
    const [warning] = warnings
    assert.ok(warning?.kind === 'clock-skew')
    assert.equal(warning.hub - warning.here, 5 * HOUR)
    assert.deepEqual(readiness, [{ ready: true }])
    const [first, second] = published.map(({ identity }) => identity)
    assert.ok(first && second && second.issuedAt - first.issuedAt >= 18 * MINUTE)
  })

  it('renews early, and no more than that, when the date jumps while it waits', async () => {
    await using scene = await IdentityScene.open()
    const jumping: Clock = {
      now: () => scene.clock.now(),
      monotonic: () => scene.clock.monotonic(),
      sleep(milliseconds, signal) {
        if (scene.hub.skewMs === 0) {
          scene.clock.step(10 * HOUR)
          scene.hub.skewMs = -10 * HOUR
        }
        return scene.clock.sleep(milliseconds, signal)
      },
    }
    const { published } = await scene.run({ ...publications(3), clock: jumping })
    const [first, second, third] = published.map(({ identity }) => identity)
    assert.ok(first && second && third)
    assert.equal(second.issuedAt - first.issuedAt, 10 * SECOND)
    assert.ok(third.issuedAt - second.issuedAt >= 18 * MINUTE)
  })

  for (const jump of [10 * HOUR, -2 * HOUR, -2 * DAY]) {
    it(`keeps a good certificate while the clock of the hub has jumped by ${jump} ms`, async () => {
      await using scene = await IdentityScene.open()
      const { published, failures, readiness } = await scene.run({
        until: ({ published, failures }) => {
          scene.hub.skewMs = published.length > 0 && failures.length < 5 ? jump : 0
          return published.length === 2
        },
      })
      const [first, second] = published.map(({ identity }) => identity)
      assert.ok(first && second && second.issuedAt - first.issuedAt < HOUR)
      assert.equal(second.generation, 2n, 'the same renewal, asked for again')
      assert.equal(failures.length, 5)
      assert.match(String(failures[0]?.error), /there, 2026-03-24T14:\S+Z on this machine/)
      assert.deepEqual(readiness, [{ ready: true }])
      assert.equal(scene.hub.locked, 0)
    })
  }

  it('takes what it can get when the hub stays ahead, at the usual pace', async () => {
    await using scene = await IdentityScene.open()
    const { published } = await scene.run({
      until: ({ published }) => {
        scene.hub.skewMs = published.length > 0 ? 10 * HOUR : 0
        return published.length === 3
      },
    })
    const [first, second, third] = published.map(({ identity }) => identity)
    assert.ok(first && second && third)
    assert.ok(second.issuedAt - 10 * HOUR - first.issuedAt >= HOUR, 'once the first has ended')
    assert.ok(third.issuedAt - second.issuedAt >= 18 * MINUTE)
  })

  it('takes no identity that has ended, however long the hub is behind', async () => {
    await using scene = await IdentityScene.open()
    const start = scene.clock.now()
    const { published, readiness, failures } = await scene.run({
      until: ({ published }) => {
        const isBehind = published.length > 0 && scene.clock.now() < start + 3 * HOUR
        scene.hub.skewMs = isBehind ? -2 * DAY : 0
        return published.length === 2
      },
    })
    assert.equal(published[1]?.identity.generation, 2n)
    assert.deepEqual(
      readiness.map((it) => (it.ready ? 'ready' : it.reasons.map(({ code }) => code).join())),
      ['ready', 'certificate-expired,clock-skew', 'ready'],
    )
    assert.ok(failures.every(({ retryInMs }) => retryInMs <= MINUTE))
  })

  it('renews at once after a restart with a date before its last renewal', async () => {
    await using scene = await IdentityScene.open()
    const [first] = (await scene.run(publications(1))).published
    scene.clock.step(-1000 * HOUR)
    scene.hub.skewMs = 1000 * HOUR
    const { published } = await scene.run(publications(2))
    assert.ok((published[1]?.identity.issuedAt ?? 0) - (first?.identity.issuedAt ?? 0) < MINUTE)
  })

  it('tells a second one on the same directory who is there', async () => {
    await using scene = await IdentityScene.open()
    let second: DaemonRecord | undefined
    const trigger = new RenewalTrigger()
    await scene.run({
      trigger,
      until: ({ published }) => {
        if (published.length === 1) {
          void scene.run(publications(1)).then((record) => {
            second = record
          })
        }
        return second !== undefined
      },
    })
    assert.match(
      String(second?.error),
      new RegExp(`in use by pid ${process.pid} since 2026-03-24T`),
    )
    assert.equal(scene.hub.joins, 1)
  })

  it('refuses an interval that is not shorter than the TTL, naming both', async () => {
    await using scene = await IdentityScene.open()
    const parameters = { renewalIntervalMs: HOUR, certificateTtlMs: 30 * MINUTE }
    const { error } = await scene.run({ ...publications(1), parameters })
    assert.match(String(error), /interval \(1h\) is not shorter than the certificate TTL \(30m\)/)
    assert.equal(scene.hub.joins, 0)
  })

  it('never passes over a damaged file', async () => {
    await using scene = await IdentityScene.open()
    await scene.run(publications(1))
    const path = join(scene.destination, '.state', 'identity.json')
    await writeFile(path, '{"version": 1, "secret')
    const { error } = await scene.run(publications(1))
    assert.match(String(error), /identity\.json is damaged: it is not JSON/)
    assert.doesNotMatch(String(error), /secret/)
    await writeFile(path, '{"version": 2}')
    assert.match(String((await scene.run(publications(1))).error), /format 2.*format 1/)
  })
})
