import assert from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { HOUR } from '../base/clock.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { encodePrivateKey } from '../ssh/private-key.ts'
import { drawKey } from './identity.ts'
import { waitForCertificate } from './published.ts'

function wait(scene: IdentityScene, clock: FakeClock, timeoutMs: number | undefined) {
  const { destination } = scene
  const { signal } = new AbortController()
  return waitForCertificate({ fs: systemFileSystem, clock, destination, timeoutMs, signal })
}

const once = { until: ({ published }: { published: readonly unknown[] }) => published.length === 1 }

describe('waiting for a certificate', () => {
  it('is over at once where there is one', async () => {
    await using scene = await IdentityScene.open()
    await scene.run(once)
    const { serial } = await wait(scene, scene.clock, 0)
    assert.equal(serial, (await scene.publishedCertificate())?.serial)
  })

  it('is over when one comes', async () => {
    await using scene = await IdentityScene.open()
    const clock = new FakeClock(scene.clock.now())
    let sleeps = 0
    const patient = Object.assign(clock, {
      async sleep() {
        sleeps += 1
        if (sleeps === 3) await scene.run(once)
      },
    })
    await wait(scene, patient, undefined)
    assert.equal(sleeps, 3)
  })

  it('says what is wrong when it takes too long', async () => {
    await using scene = await IdentityScene.open()
    const refused = (message: RegExp) => ({ code: 'no-certificate', message, hint: /status/ })
    await assert.rejects(
      wait(scene, scene.clock, 1_000),
      refused(/has no valid certificate: .*ENOENT/),
    )
    await scene.run(once)
    const late = new FakeClock(scene.clock.now() + 2 * HOUR)
    await assert.rejects(wait(scene, late, 1_000), refused(/it has ended at 2026-/))
    const early = new FakeClock(scene.clock.now() - 2 * HOUR)
    await assert.rejects(wait(scene, early, 1_000), refused(/it is valid from 2026-/))
    const key = join(scene.destination, '.current', 'ssh_key')
    await copyFile(key, `${key}.before`)
    await writeFile(key, encodePrivateKey(drawKey()))
    await assert.rejects(wait(scene, scene.clock, 1_000), refused(/don't match/))
  })
})
