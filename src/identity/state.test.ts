import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { renewalOf } from './exchange.ts'
import { drawKeys, hasSameKeys } from './identity.ts'
import { encodeIdentity } from './identity-file.ts'

async function joined() {
  const scene = await IdentityScene.open()
  await scene.run({ until: ({ published }) => published.length === 1 })
  const identity = await scene.state.readIdentity()
  assert.ok(identity)
  return { scene, identity, path: join(scene.destination, '.state', 'identity.json') }
}

describe('identity.json', () => {
  it('reads back what it wrote, and can be read by its owner alone', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    assert.equal(encodeIdentity(identity), await readFile(path, 'utf8'))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(join(path, '..'))).mode & 0o777, 0o700)
    const later = { ...identity, suggestedRenewalAt: identity.issuedAt + 1000 }
    await scene.state.writeIdentity(later)
    const again = await scene.state.readIdentity()
    assert.equal(again?.suggestedRenewalAt, later.suggestedRenewalAt)
    assert.ok(again && hasSameKeys(again, identity))
  })

  it('is refused for any field that is missing, unknown, or of another kind', async () => {
    const { scene, path } = await joined()
    await using _ = scene
    const good: Record<string, unknown> = JSON.parse(await readFile(path, 'utf8'))
    const damaged = Object.keys(good).flatMap((name) => {
      const { [name]: _removed, ...missing } = good
      return [missing, { ...good, [name]: { odd: true } }]
    })
    for (const fields of [
      ...damaged,
      { ...good, extra: 1 },
      { ...good, version: '1' },
      [],
      'text',
    ]) {
      await writeFile(path, JSON.stringify(fields))
      await assert.rejects(scene.state.readIdentity(), {
        code: /^state-(corrupt|version)$/,
        message: /identity\.json is (damaged: |of format )/,
      })
    }
  })

  it('tells nothing of a key, wherever the damage has put it', async () => {
    const { scene, path } = await joined()
    await using _ = scene
    const text = await readFile(path, 'utf8')
    const [, key = ''] = /"identityKey": "([^"]*)"/.exec(text) ?? []
    assert.ok(key.length > 100)
    const damaged = text.replace(`"identityKey": "${key}"`, `"identityKey": "", "${key}": 1`)
    for (const broken of [damaged, damaged.replace('"identityKey": "", ', ''), text.slice(0, -9)]) {
      await writeFile(path, broken)
      await assert.rejects(scene.state.readIdentity(), ({ message }: Error) => {
        assert.ok(!message.includes(key.slice(40, 60)), message)
        return true
      })
    }
  })

  it('is refused when its parts are of different identities', async () => {
    const one = await joined()
    await using _ = one.scene
    const other = await joined()
    await using _other = other.scene
    const good: Record<string, unknown> = JSON.parse(await readFile(one.path, 'utf8'))
    const foreign: Record<string, unknown> = JSON.parse(await readFile(other.path, 'utf8'))
    const parts = ['identityKey', 'sshKey', 'identityCertificate', 'sshCertificate', 'instanceId']
    for (const name of parts) {
      await writeFile(one.path, JSON.stringify({ ...good, [name]: foreign[name] }))
      await assert.rejects(one.scene.state.readIdentity(), {
        code: 'state-corrupt',
        message: /its (identity|SSH) certificate/,
      })
    }
    await writeFile(one.path, JSON.stringify({ ...good, generation: '2' }))
    await assert.rejects(one.scene.state.readIdentity(), { message: /of another generation/ })
  })
})

describe('pending keys', () => {
  it('are kept apart by their purpose, and read back', async () => {
    const { scene, identity } = await joined()
    await using _ = scene
    const { state } = scene
    const joining = { purpose: 'join', tokenId: 'ab'.repeat(32), ...drawKeys() } as const
    const renewal = { ...renewalOf(identity), ...drawKeys() }
    await state.writePending(joining)
    await state.writePending(renewal)
    const [joiningAgain, renewalAgain] = [
      await state.readPendingJoin(),
      await state.readPendingRenewal(),
    ]
    assert.ok(joiningAgain && hasSameKeys(joiningAgain, joining))
    assert.ok(renewalAgain && hasSameKeys(renewalAgain, renewal))
    assert.equal(joiningAgain.tokenId, joining.tokenId)
    assert.equal(renewalAgain.generation, 1n)
    await state.dropPending('join')
    assert.equal(await state.readPendingJoin(), undefined)
    assert.ok(await state.readPendingRenewal())
  })
})
