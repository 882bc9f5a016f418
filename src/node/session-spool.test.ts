import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FakeNodeHub } from '../../test/fakes/node-hub.ts'
import { systemClock } from '../base/clock.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { parsePublicKey, publicKeyFrom } from '../ssh/public-key.ts'
import { systemPrograms } from './programs.ts'
import { sessionHook } from './session-hook.ts'
import { parseRecord, sessionOf } from './session-record.ts'
import { readSpool } from './session-spool.ts'

const HUB = new FakeNodeHub(systemClock)
const KEY = publicKeyFrom(generatePrivateKey('ssh-ed25519'))

const CONNECTION = '192.0.2.7 50000 192.0.2.1 22'

function record(line: string, kind = 'open_session'): string {
  const fields = ['mezite session record 2', kind, 'deploy', '192.0.2.7', '4711', '123456']
  return `${[...fields, CONNECTION, `publickey ${line}`, '', 'end'].join('\n')}\n`
}

describe('a record of the spool', () => {
  const userCas = HUB.trust.userCas.map(parsePublicKey)
  const origin = { time: 1000, bootId: 'boot', userCas }

  it('opens a session where the cluster has certified its key', () => {
    const { line, serial } = HUB.issueUser(KEY)
    const parsed = parseRecord(record(line.trim()))
    assert.ok(typeof parsed === 'object')
    const session = sessionOf(parsed, origin)
    assert.equal(session?.bot, 'ci')
    assert.equal(session?.certificateSerial, serial)
    assert.equal(session?.connection, CONNECTION)
    assert.deepEqual(session?.monitor, { pid: 4711, startTicks: 123456n })
    assert.equal(sessionOf(parsed, origin)?.id, session?.id)
    assert.notEqual(sessionOf(parsed, { ...origin, bootId: 'other' })?.id, session?.id)
  })

  it('opens none for other authorities, other key IDs and plain keys', () => {
    const opened = (line: string, cas = userCas) => {
      const parsed = parseRecord(record(line.trim()))
      assert.ok(typeof parsed === 'object')
      return sessionOf(parsed, { ...origin, userCas: cas })
    }
    const { line } = HUB.issueUser(KEY)
    assert.equal(opened(line, [KEY]), undefined)
    assert.equal(opened(HUB.issueUser(KEY, { keyId: 'somebody' }).line), undefined)
    assert.equal(opened(`ssh-ed25519 ${KEY.blob.toString('base64')}`), undefined)
    assert.equal(opened(line.replace('AAAAIHNz', 'AAAAIHNx')), undefined)
  })

  it('is partial until its last line is there, however far it was written', () => {
    const whole = record(HUB.issueUser(KEY).line.trim())
    assert.equal(typeof parseRecord(whole), 'object')
    for (let length = 0; length < whole.length; length++) {
      assert.equal(parseRecord(whole.slice(0, length)), 'partial')
    }
    assert.equal(parseRecord('something else\nend\n'), 'alien')
    assert.equal(parseRecord(whole.replace('deploy', 'dep\nloy')), 'alien')
    assert.equal(parseRecord(whole.replace('open_session', 'auth')), 'alien')
  })
})

describe('the spool', () => {
  async function spool() {
    const path = await mkdtemp(join(tmpdir(), 'mezite-spool-'))
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
  }

  it('gives its records in the order in which they were written', async () => {
    await using place = await spool()
    const line = HUB.issueUser(KEY).line.trim()
    const write = async (name: string, kind: string, seconds: number) => {
      await writeFile(join(place.path, name), record(line, kind))
      await utimes(join(place.path, name), seconds, seconds)
    }
    await write('1.close', 'close_session', 200)
    await write('2.close', 'close_session', 100)
    await write('2.open', 'open_session', 100)
    const found = await readSpool(systemFileSystem, place.path, 300_000)
    assert.deepEqual(
      found.map(({ path, time }) => [path.slice(place.path.length + 1), time]),
      [
        ['2.open', 100_000],
        ['2.close', 100_000],
        ['1.close', 200_000],
      ],
    )
  })

  it('waits for what is being written, and drops what never will be, and what is no record', async () => {
    await using place = await spool()
    const now = systemClock.now()
    const text = record('x').slice(0, 40)
    await writeFile(join(place.path, 'fresh'), text)
    await writeFile(join(place.path, 'stale'), text)
    await utimes(join(place.path, 'stale'), now / 1000 - 120, now / 1000 - 120)
    await symlink('/etc/shadow', join(place.path, 'link'))
    await mkdir(join(place.path, 'directory'))
    await writeFile(join(place.path, 'large'), Buffer.alloc(100_000))
    assert.deepEqual(await readSpool(systemFileSystem, place.path, now), [])
    assert.deepEqual(await readdir(place.path), ['fresh'])
    assert.deepEqual(await readSpool(systemFileSystem, `${place.path}/none`, now), [])
  })

  it('is what the hook writes, for certificates only', async () => {
    await using place = await spool()
    const hook = join(place.path, 'hook')
    const directory = join(place.path, 'a', 'b')
    await writeFile(hook, sessionHook(directory))
    const line = HUB.issueUser(KEY).line.trim()
    const run = (info: string) =>
      systemPrograms.run('/usr/bin/env', [
        ...['-i', 'PAM_TYPE=open_session', 'PAM_USER=deploy', 'PAM_RHOST=192.0.2.7'],
        ...[`SSH_AUTH_INFO_0=${info}`, '/bin/sh', hook],
      ])
    assert.equal((await run('publickey ssh-ed25519 AAAA\n')).code, 0)
    assert.deepEqual(await readSpool(systemFileSystem, directory, systemClock.now()), [])
    assert.deepEqual(await run(`publickey ${line}\n`), { code: 0, stdout: '', stderr: '' })
    const [found] = await readSpool(systemFileSystem, directory, systemClock.now())
    assert.equal(found?.record.login, 'deploy')
    assert.equal(found?.record.monitor.pid, process.pid)
    assert.deepEqual(found?.record.methods, [`publickey ${line}`])
  })
})
