import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openAuthorities } from '../../auth/authorities.ts'
import { createKeySealer } from '../../auth/sealed-key.ts'
import type { Store } from '../../auth/storage.ts'
import { openSqliteStore } from '../../auth/store/sqlite/open.ts'
import { systemClock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import { runInTest } from '../testing/run-in-test.ts'
import { mezhub } from './program.ts'

const random = systemRandom
const clock = systemClock

describe('mezhub ca-passphrase', () => {
  let directory: string
  let userCa: Buffer
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-passphrase-'))
    for (const name of ['horse', 'staple']) await writeFile(join(directory, name), `${name}\n`)
    userCa = await open(undefined)
  })
  after(() => rm(directory, { recursive: true }))

  const withStore = async <T>(act: (store: Store) => Promise<T>): Promise<T> => {
    const uid = process.getuid?.() ?? 0
    const store = await openSqliteStore({ directory, clock, random, pid: process.pid, uid })
    try {
      return await act(store)
    } finally {
      await store.close()
    }
  }

  /** As a hub does at its start; returns the User CA. */
  const open = (passphrase: string | undefined): Promise<Buffer> =>
    withStore(async (store) => {
      const sealer = createKeySealer(passphrase, random)
      const options = { store, clock, random, sealer, sshKeyType: 'ssh-ed25519' } as const
      return (await openAuthorities(options)).user.publicKey.blob
    })

  const change = (...flags: readonly string[]) =>
    runInTest(mezhub, ['ca-passphrase', `--data-dir=${directory}`, ...flags], { clock })
  const file = (name: string) => join(directory, name)

  async function isPlain(): Promise<boolean> {
    const names = (await readdir(directory)).filter((name) => name.startsWith('hub.db'))
    const texts = await Promise.all(names.map((name) => readFile(file(name), 'latin1')))
    return texts.some((text) => text.includes('PRIVATE KEY'))
  }

  it('adds a passphrase, and leaves nothing of the plain keys', async () => {
    assert.ok(await isPlain())
    const { code, stdout, stderr } = await change(`--new-ca-key-passphrase-file=${file('horse')}`)
    assert.equal(code, 0, stderr)
    assert.match(
      stdout,
      /^Passphrase added: 4 keys are sealed anew\.\nFrom now on the hub needs it/,
    )
    assert.ok(!(await isPlain()))
    assert.deepEqual(await open('horse'), userCa)
    await assert.rejects(open(undefined), { code: 'passphrase-needed' })
  })

  it('changes it, for whoever has the one that is', async () => {
    const next = `--new-ca-key-passphrase-file=${file('staple')}`
    const wrong = await change(`--ca-key-passphrase-file=${file('staple')}`, next)
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /^error: the passphrase does not open the CA keys\nhint: /)
    const missing = await change(next)
    assert.match(missing.stderr, /^error: the CA keys in the store have a passphrase\nhint: /)
    const changed = await change(`--ca-key-passphrase-file=${file('horse')}`, next)
    assert.equal(changed.code, 0, changed.stderr)
    assert.deepEqual(await open('staple'), userCa)
    await assert.rejects(open('horse'), { code: 'passphrase-wrong' })
  })

  it('is done while the hub is stopped, and nowhere else than where one is', async () => {
    const flags = [`--ca-key-passphrase-file=${file('staple')}`, '--remove']
    const running = await withStore(() => change(...flags))
    assert.equal(running.code, 7)
    assert.match(running.stderr, /in use by pid \d+/)
    const none = `--data-dir=${join(directory, 'none')}`
    const elsewhere = await runInTest(mezhub, ['ca-passphrase', none, ...flags], { clock })
    assert.equal(elsewhere.code, 4)
    assert.ok(!(await readdir(directory)).includes('none'))
  })

  it('takes no passphrase from the command line, and no half of an order', async () => {
    for (const flags of [
      ['--new-ca-key-passphrase=hunter2'],
      ['--ca-key-passphrase=hunter2', '--remove'],
      [],
      [`--new-ca-key-passphrase-file=${file('horse')}`, '--remove'],
    ]) {
      const { code, stderr } = await change(...flags)
      assert.equal(code, 2)
      assert.ok(!stderr.includes('hunter2'))
    }
  })

  it('removes it, and the audit log has it all', async () => {
    const { code, stdout } = await change(`--ca-key-passphrase-file=${file('staple')}`, '--remove')
    assert.deepEqual(
      [code, stdout.split('\n')[0]],
      [0, 'Passphrase removed: 4 keys are sealed anew.'],
    )
    assert.deepEqual(await open(undefined), userCa)
    const events = await withStore((store) => store.audit.list({ limit: 9, type: 'ca.passphrase' }))
    assert.deepEqual(
      events.map(({ fields }) => fields?.['passphrase']),
      ['removed', 'changed', 'added'],
    )
  })
})
