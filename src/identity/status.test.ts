import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { HOUR, MINUTE } from '../base/clock.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { type IdentityStatus, readStatus } from './status.ts'

function read(scene: IdentityScene): Promise<IdentityStatus> {
  return readStatus({ fs: systemFileSystem, clock: scene.clock }, scene.parameters)
}

async function problems(scene: IdentityScene): Promise<readonly string[]> {
  return (await read(scene)).problems.map(({ code }) => code)
}

describe('the status', () => {
  it('tells of a bot beside its running daemon', async () => {
    await using scene = await IdentityScene.open()
    let status: IdentityStatus | undefined
    const { published } = await scene.run({
      // Read while the daemon waits for its first renewal.
      clock: {
        now: () => scene.clock.now(),
        monotonic: () => scene.clock.monotonic(),
        async sleep(milliseconds, signal) {
          status ??= await read(scene)
          return scene.clock.sleep(milliseconds, signal)
        },
      },
      until: ({ published }) => published.length === 2,
    })
    assert.ok(status)
    assert.deepEqual(status.problems, [])
    assert.equal(status.bot, 'github-deploy')
    assert.equal(status.hub, 'hub.example:3025')
    assert.match(status.heldBy ?? '', /^pid \d+ since 2026-03-24T/)
    assert.deepEqual(status.certificate?.principals, ['bot:github-deploy', 'deploy'])
    assert.ok((status.nextRenewalAt ?? 0) > (published[0]?.identity.issuedAt ?? 0))
    assert.doesNotThrow(() => JSON.stringify(status))
  })

  it('names what is wrong', async () => {
    await using scene = await IdentityScene.open()
    assert.deepEqual(await problems(scene), ['no-outputs'])
    await scene.run({ until: ({ published }) => published.length === 1 })
    assert.deepEqual(await problems(scene), ['daemon-stopped'])

    scene.clock.advance(61 * MINUTE)
    assert.deepEqual(await problems(scene), ['certificate-expired', 'daemon-stopped'])
    scene.hub.refuseRenewal = 'bot-locked'
    await scene.run({ until: ({ failures }) => failures.length === 1 })
    const { problems: failing, nextRenewalAt } = await read(scene)
    assert.match(
      failing.find(({ code }) => code === 'renewal-failing')?.message ?? '',
      /bot-locked/,
    )
    assert.ok(nextRenewalAt)
    scene.clock.advance(24 * HOUR)
    assert.ok((await problems(scene)).includes('identity-expired'))

    scene.clock.step(-48 * HOUR)
    assert.ok((await problems(scene)).includes('certificate-not-yet-valid'))
    await writeFile(join(scene.destination, '.state', 'identity.json'), '')
    assert.ok((await problems(scene)).includes('state-unreadable'))
  })

  it('sees a pair that does not match, and outputs that are behind', async () => {
    await using one = await IdentityScene.open()
    await using other = await IdentityScene.open()
    for (const scene of [one, other]) {
      await scene.run({ until: ({ published }) => published.length === 1 })
    }
    const path = join(one.destination, '.current', 'ssh_key-cert.pub')
    await writeFile(path, await other.output('ssh_key-cert.pub'))
    assert.deepEqual(await problems(one), ['mismatched-pair', 'outputs-behind', 'daemon-stopped'])
    await writeFile(path, 'garbage')
    assert.deepEqual(await problems(one), ['outputs-unreadable', 'daemon-stopped'])
  })
})
