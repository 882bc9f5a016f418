import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { DAY, HOUR } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { KEY_TYPES, type KeyType } from '../ssh/key-type.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { openAuthorities } from './authorities.ts'
import { createKeySealer } from './sealed-key.ts'
import { openSqliteStore } from './store/sqlite/open.ts'

const random = systemRandom

async function open(
  directory: string,
  passphrase?: string,
  sshKeyType: KeyType = 'ssh-ed25519',
  clock = new FakeClock(),
) {
  const uid = process.getuid?.() ?? 0
  const store = await openSqliteStore({ directory, clock, random, pid: process.pid, uid })
  try {
    const sealer = createKeySealer(passphrase, random)
    return await openAuthorities({ store, clock, random, sealer, sshKeyType })
  } finally {
    await store.close()
  }
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'mezite-ca-'))
  try {
    await use(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('authorities', () => {
  it('are made once and found again', () =>
    inDirectory(async (directory) => {
      const made = await open(directory)
      const found = await open(directory)
      assert.deepEqual(found.user.publicKey.blob, made.user.publicKey.blob)
      assert.deepEqual(found.pin, made.pin)
      assert.notDeepEqual(made.user.publicKey.blob, made.host.publicKey.blob)
      assert.equal(made.pin.length, 16)
    }))

  it('are not made by a clock that can not be right, nor used by one', () =>
    inDirectory(async (directory) => {
      const openAt = (now: number) => open(directory, undefined, undefined, new FakeClock(now))
      const skew = { code: 'clock-skew', hint: /timedatectl/ }
      await assert.rejects(openAt(0), { ...skew, message: /reads 1970-01-01T00:00:00Z/ })
      const now = Date.UTC(2026, 2, 24)
      await openAt(now)
      await openAt(now - 23 * HOUR)
      const both = /reads 2026-03-22T00:00:00Z, but its CAs are valid from 2026-03-23T00:00:00Z to /
      await assert.rejects(openAt(now - 2 * DAY), { ...skew, message: both })
      await assert.rejects(openAt(now + 11 * 365 * DAY), skew)
    }))

  it('may be of every key type', () =>
    Promise.all(
      KEY_TYPES.map((type) =>
        inDirectory(async (directory) => {
          const { user, host } = await open(directory, undefined, type)
          assert.equal(user.publicKey.type, type)
          assert.equal(host.publicKey.type, type)
        }),
      ),
    ).then(() => undefined))

  it('are sealed under a passphrase: not in the store, and not opened by another', () =>
    inDirectory(async (directory) => {
      const made = await open(directory, 'correct horse')
      const file = await readFile(join(directory, 'hub.db'), 'latin1')
      assert.ok(!file.includes('PRIVATE KEY'))
      const found = await open(directory, 'correct horse')
      assert.deepEqual(found.user.publicKey.blob, made.user.publicKey.blob)
      await assert.rejects(open(directory, 'battery staple'), { code: 'passphrase-wrong' })
      await assert.rejects(open(directory), { code: 'passphrase-needed' })
    }))

  it('that have no passphrase refuse one, rather than pretend', () =>
    inDirectory(async (directory) => {
      await open(directory)
      await assert.rejects(open(directory, 'correct horse'), { code: 'passphrase-unused' })
    }))
})

it('a sealed key that was altered does not open', () => {
  const sealer = createKeySealer('correct horse', random)
  const key = generatePrivateKey('ssh-ed25519')
  const sealed = sealer.seal(key)
  assert.ok(sealer.open(sealed).equals(key))
  const parts = sealed.split(' ')
  const body = Buffer.from(parts[3] ?? '', 'base64')
  body[0] = (body[0] ?? 0) ^ 1
  const altered = [...parts.slice(0, 3), body.toString('base64')].join(' ')
  assert.throws(() => sealer.open(altered), { code: 'passphrase-wrong' })
})
