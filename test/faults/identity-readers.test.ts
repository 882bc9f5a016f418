import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { HOUR, systemClock } from '../../src/base/clock.ts'
import { RenewalTrigger } from '../../src/identity/renewal-trigger.ts'
import { FaultyFileSystem } from '../fakes/faulty-file-system.ts'
import { IdentityScene } from '../fakes/identity-scene.ts'

const RENEWALS = 1000
const READER = join(import.meta.dirname, '../fakes/pair-reader.ts')

/** Renews a thousand times while a reader reads. The disk is spared, which only makes it harder. */
async function readWhileRenewing(how: 'names' | 'config', keyLifetimeMs: number) {
  await using scene = await IdentityScene.open(systemClock)
  const fs = new FaultyFileSystem().fileSystem
  await scene.run({ fs, clock: systemClock, until: ({ published }) => published.length === 1 })

  const reader = spawn(process.execPath, [READER, how, scene.destination], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const output: string[] = []
  reader.stdout.on('data', (chunk) => output.push(String(chunk)))
  await once(reader.stdout, 'data')

  const trigger = new RenewalTrigger()
  const { failures, published } = await scene.run({
    fs,
    clock: systemClock,
    trigger,
    parameters: { keyLifetimeMs },
    until: ({ published }) => {
      trigger.renewNow()
      return published.length === RENEWALS + 1
    },
  })
  reader.stdin.end()
  await once(reader, 'close')
  assert.deepEqual([failures, published.length], [[], RENEWALS + 1])
  const counts: { pairs: number; mismatches: number } = JSON.parse(
    output.join('').split('\n')[1] ?? '',
  )
  return counts
}

describe('a reader that opens the key, then the certificate', () => {
  it('never gets a wrong pair by the names of the outputs, while only the certificate changes', async () => {
    const { pairs, mismatches } = await readWhileRenewing('names', 24 * HOUR)
    assert.equal(mismatches, 0)
    assert.ok(pairs > RENEWALS)
  })

  it('never gets a wrong pair by the paths in ssh_config, though the key changes each time', async () => {
    const { pairs, mismatches } = await readWhileRenewing('config', 0)
    assert.equal(mismatches, 0)
    assert.ok(pairs > RENEWALS)
  })
})
