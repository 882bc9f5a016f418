import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FailingDisk } from '../../test/fakes/failing-disk.ts'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { HOUR, MINUTE } from '../base/clock.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { type IdentityStatus, readStatus, type StatusProblem } from './status.ts'

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

  /** What a status says while a daemon's disk fails from its first publication on, for so long. */
  async function seenOnDisk(state: FailingDisk['state'], failsForMs: number) {
    await using scene = await IdentityScene.open()
    const disk = new FailingDisk()
    const seen: (readonly StatusProblem[])[] = []
    const start = scene.clock.now()
    let failures = 0
    let next = { look: start, failures: 1 }
    const record = await scene.run({
      fs: disk.fileSystem,
      clock: {
        now: () => scene.clock.now(),
        monotonic: () => scene.clock.monotonic(),
        async sleep(milliseconds, signal) {
          const now = scene.clock.now()
          // The daemon's first word has been written by now.
          if (now < start + failsForMs) disk.state = state
          // Of so many waits a few are enough: after each of the first failures, and now and then.
          const isTime = now >= next.look || (failures === next.failures && failures <= 5)
          if (isTime && disk.state === state) {
            next = { look: now + 4 * MINUTE, failures: failures + 1 }
            seen.push((await read(scene)).problems)
          }
          return scene.clock.sleep(milliseconds, signal)
        },
      },
      until: ({ published, failures: { length } }) => {
        failures = length
        if (scene.clock.now() >= start + failsForMs) disk.state = 'good'
        return published.length === 2
      },
    })
    assert.equal(record.published[1]?.identity.generation, 2n)
    assert.equal(scene.hub.locked, 0)
    assert.deepEqual(await problems(scene), ['daemon-stopped'])
    return seen
  }

  it("tells of a full disk, though the daemon's word is on that disk", async () => {
    const wrong = (await seenOnDisk('full', 25 * MINUTE)).flat()
    assert.ok(wrong.length >= 3, `${wrong.length}`)
    for (const { code, message } of wrong) {
      assert.equal(code, 'renewal-failing')
      assert.match(message, /pending-renewal.json: no space is left on the disk/)
    }
  })

  it('tells of a renewal that is overdue where nothing can be written at all', async () => {
    const seen = await seenOnDisk('read-only', 70 * MINUTE)
    const codes = new Set(seen.map((problems) => problems.map(({ code }) => code).join()))
    const overdue = ['', 'renewal-overdue', 'certificate-expired,renewal-overdue']
    assert.deepEqual([...codes], overdue)
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
