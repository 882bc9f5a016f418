/** A herd in small: what has to be right about it, whatever the time that it takes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { patienceAskedBy } from '../../src/client/identity-hub.ts'
import { drawKey } from '../../src/identity/identity.ts'
import { isAnswerLost } from '../../src/identity/refusals.ts'
import { retryDelay } from '../../src/identity/schedule.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { DEPLOYER, newRequest, STRANGER } from '../fakes/auth.ts'
import { openTestHub } from '../fakes/hub.ts'
import { identityHub, to } from '../fakes/hub-members.ts'

const BOTS = 150

describe('a hundred and fifty bots at once', () => {
  it('renew, each once, at a hub that has room for a few', async () => {
    await using hub = await openTestHub(undefined, { mostConnections: 30 })
    await hub.local.roles.createRole({ document: DEPLOYER })
    const { token } = await hub.local.bots.createBot({
      ...{ name: 'ci', roles: ['ci-deployer'] },
      tokenUses: BOTS,
    })
    const sshPublicKey = publicKeyFrom(drawKey()).blob
    const lives = { certificateTtlMs: undefined, renewalIntervalMs: undefined }
    const credentials = await Promise.all(
      Array.from({ length: BOTS }, async () => {
        const privateKey = drawKey()
        const request = newRequest({}, privateKey)
        const issued = await hub.auth.joining.join(STRANGER, token?.value ?? '', request)
        return { certificate: issued.identityCertificate, privateKey }
      }),
    )
    let busy = 0
    const renewals = credentials.map(async (credential) => {
      const request = { identityKey: drawKey(), sshPublicKey, ...lives }
      for (let attempt = 0; ; attempt++) {
        try {
          return await identityHub.renew(credential, request, to(hub))
        } catch (error) {
          if (!isAnswerLost(error)) throw error
          busy += 1
          const asked = Math.min(200, patienceAskedBy(error) ?? 0)
          await systemClock.sleep(Math.min(500, retryDelay(attempt, 0, systemRandom, asked)))
        }
      }
    })
    // An administrator is served meanwhile, on the hub's machine.
    for (let i = 0; i < 20; i++) await hub.local.bots.listBots({})
    const issued = await Promise.all(renewals)
    assert.ok(issued.every(({ generation }) => generation === 2n))
    assert.ok(busy > 0, 'some were told that the hub is busy')
    const { bot } = await hub.local.bots.getBot({ name: 'ci' })
    assert.equal(bot?.locks.length ?? 0, 0)
    assert.deepEqual(await hub.auth.locks.list(), [])
    assert.deepEqual(hub.logged, [])
    const counts = new Map<number, number>()
    for (const { suggestedRenewalAt = 0, hubTime } of issued) {
      assert.ok(
        suggestedRenewalAt - hubTime >= 600_000 && suggestedRenewalAt - hubTime <= 1_200_000,
      )
      const slot = Math.floor(suggestedRenewalAt / 10_000)
      counts.set(slot, (counts.get(slot) ?? 0) + 1)
    }
    assert.ok(Math.max(...counts.values()) <= 20, 'they come back one after the other')
  })
})
