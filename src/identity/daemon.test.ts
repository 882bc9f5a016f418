import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'

describe('the daemon', () => {
  it('joins, publishes, and renews itself', async () => {
    await using scene = await IdentityScene.open()
    const { published, failures, error } = await scene.run({
      until: ({ published }) => published.length === 3,
    })
    assert.deepEqual([failures, error], [[], undefined])
    assert.deepEqual(
      published.map(({ identity, by }) => [by, identity.generation]),
      [
        ['joined', 1n],
        ['renewed', 2n],
        ['renewed', 3n],
      ],
    )
    assert.ok(await scene.publishedCertificate())
  })
})
