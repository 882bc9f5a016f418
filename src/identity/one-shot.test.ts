import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { claimDestination } from './claim.ts'
import { runOneShot } from './one-shot.ts'
import type { IdentityParameters } from './parameters.ts'

function run(scene: IdentityScene, changes: Partial<IdentityParameters> = {}) {
  const retries: unknown[] = []
  const result = runOneShot({
    ports: scene.ports(),
    parameters: { ...scene.parameters, oneShot: true, ...changes },
    signal: new AbortController().signal,
    onRetry: (error) => retries.push(error),
  })
  return { retries, result }
}

describe('a one-shot', () => {
  it('publishes a pair and leaves nothing renewable', async () => {
    await using scene = await IdentityScene.open()
    const { identity } = await run(scene).result
    const certificate = await scene.publishedCertificate()
    assert.deepEqual(certificate?.blob, identity.sshCertificate.blob)
    const files = await readdir(scene.destination, { recursive: true })
    const outputs = ['known_hosts', 'ssh_config', 'ssh_key', 'ssh_key-cert.pub', 'ssh_key.pub']
    assert.deepEqual(
      // Node follows the link.
      files.filter((name) => !name.startsWith('.current/')).sort(),
      [
        '.current',
        '.generations',
        '.generations/1',
        '.lock',
        ...outputs,
        ...outputs.map((name) => `.generations/1/${name}`),
      ].sort(),
    )
    const pem = identity.identityKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    for (const name of outputs) assert.ok(!(await scene.output(name)).includes(pem.slice(30, 60)))
  })

  it('asks again with the same keys when answers are lost', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.loseAnswer = (call) => call <= 3
    const { retries, result } = run(scene)
    assert.equal((await result).identity.generation, 1n)
    assert.equal(retries.length, 3)
  })

  it('gives up after a minute without an answer', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.isUnreachable = true
    await assert.rejects(run(scene).result, { code: 'unreachable' })
    assert.ok(scene.clock.monotonic() <= 60_000 && scene.hub.joins > 2)
    assert.deepEqual(await readdir(join(scene.destination, '.generations')), [])
  })

  it('takes a refusal as final', async () => {
    await using scene = await IdentityScene.open()
    scene.hub.refuseJoin = 'unavailable'
    await assert.rejects(run(scene).result, { code: 'refused', hubCode: 'unavailable' })
    assert.equal(scene.hub.joins, 1)
  })

  it('spends no token on a destination that is refused', async () => {
    await using scene = await IdentityScene.open()
    const destination = join(scene.directory, 'pipe\n')
    await assert.rejects(run(scene, { destination }).result, { code: 'invalid-parameters' })
    await assert.rejects(run(scene, { joinToken: undefined }).result, { code: 'token-needed' })
    assert.equal(scene.hub.joins, 0)
  })

  it('keeps away from a destination that a daemon serves', async () => {
    await using scene = await IdentityScene.open()
    const { fs, clock, self } = scene.ports()
    await using _claim = await claimDestination({ fs, clock, self }, scene.parameters)
    await assert.rejects(run(scene).result, {
      code: 'held',
      message: /the destination .* is in use by pid \d+ since 2026-03-24T/,
    })
    assert.equal(scene.hub.joins, 0)
  })
})
