import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Fault, FaultyFileSystem } from '../fakes/faulty-file-system.ts'
import { IdentityScene, type RunOptions } from '../fakes/identity-scene.ts'

/** A join and a renewal with a new SSH key: nothing but the order keeps pairs together. */
const CYCLE = {
  parameters: { keyLifetimeMs: 0 },
  until: ({ published }) => published.at(-1)?.identity.generation === 2n,
} satisfies RunOptions

/** The whole cycle with a fault in it, then a restart on a disk that works. */
async function recover(fault: Fault, loseAnswer: (call: number) => boolean): Promise<void> {
  await using scene = await IdentityScene.open()
  scene.hub.loseAnswer = loseAnswer
  const faulty = new FaultyFileSystem(fault)
  const dead = () => fault.kind === 'dies' && faulty.calls >= fault.call
  await scene.run({
    ...CYCLE,
    fs: faulty.fileSystem,
    until: (record) => dead() || record.failures.length > 50 || CYCLE.until(record),
  })
  if (await scene.output('ssh_key').catch(() => undefined)) {
    assert.ok(await scene.publishedCertificate(), 'a pair, right after the fault')
  }

  const start = scene.hub.generation ?? 1n
  const after = await scene.run({
    ...CYCLE,
    fs: new FaultyFileSystem().fileSystem,
    until: ({ published, failures }) =>
      failures.length > 5 || (published.at(-1)?.identity.generation ?? 0n) > start,
  })
  assert.equal(after.error, undefined)
  assert.equal(scene.hub.locked, 0, 'no honest bot is locked')
  const identity = await scene.state.readIdentity()
  const certificate = await scene.publishedCertificate()
  assert.ok(identity && certificate, 'a pair, after the restart')
  assert.deepEqual(certificate.blob, identity.sshCertificate.blob)
  assert.equal(identity.generation, scene.hub.generation)
  const left = await readdir(join(scene.destination, '.state'))
  assert.deepEqual(left.sort(), ['identity.json', 'lock', 'progress.json'])
}

async function callsOfTheCycle(): Promise<number> {
  await using scene = await IdentityScene.open()
  const counting = new FaultyFileSystem()
  await scene.run({ ...CYCLE, fs: counting.fileSystem })
  return counting.calls
}

async function recoverFromEach(
  calls: number,
  fault: (call: number) => Fault,
  loseAnswer: (call: number) => boolean = () => false,
): Promise<void> {
  const left = Array.from({ length: calls }, (_, index) => index + 1).values()
  const work = async () => {
    for (const call of left) await recover(fault(call), loseAnswer)
  }
  await Promise.all(Array.from({ length: 8 }, work))
}

describe('a daemon that', async () => {
  const calls = await callsOfTheCycle()

  it(`dies at any of ${calls} calls to the file system recovers`, async () => {
    await recoverFromEach(calls, (call) => ({ kind: 'dies', call }))
  })

  it('dies at any of them recovers, though answers of the hub were lost too', async () => {
    await recoverFromEach(
      calls,
      (call) => ({ kind: 'dies', call }),
      (number) => number === 1 || number === 3,
    )
  })

  it('meets one call that fails recovers by itself', async () => {
    await recoverFromEach(calls, (call) => ({ kind: 'before', call }))
  })

  it('meets one call that was carried out and reported as failed recovers by itself', async () => {
    await recoverFromEach(calls, (call) => ({ kind: 'after', call }))
  })
})
