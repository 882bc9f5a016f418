import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemFileSystem as fs } from '../base/file-system.ts'
import { readLastDestination, recordLastDestination } from './last-destination.ts'

let base = ''
const uid = process.geteuid?.() ?? 0
const file = () => join(base, 'state', 'mezite', 'last-destination')
const self = { uid, gid: process.getegid?.() ?? 0 }
const record = (path: string) => recordLastDestination(fs, join(base, 'state'), path, self)
const read = (owner = uid) => readLastDestination(fs, join(base, 'state'), owner)

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'mezite-last-'))
})
afterEach(() => rm(base, { recursive: true }))

describe('the last destination', () => {
  it('is what was recorded last, for its user alone', async () => {
    assert.equal(await read(), undefined)
    for (const destination of ['/var/lib/mezite/certs', '/tmp/with space']) {
      await record(destination)
      assert.equal(await read(), destination)
    }
    assert.equal((await stat(file())).mode & 0o777, 0o600)
  })

  it('is not taken from a file of somebody else’s, or one that others could write', async () => {
    await record('/var/lib/mezite/certs')
    assert.equal(await read(uid + 1), undefined)
    await chmod(file(), 0o666)
    assert.equal(await read(), undefined)
    await rm(file())
    await writeFile(join(base, 'planted'), '/etc\n')
    await symlink(join(base, 'planted'), file())
    assert.equal(await read(), undefined)
  })

  it('is not taken from a text that is no path', async () => {
    await record('/good')
    for (const text of ['', 'relative\n', '/two\nlines\n', `/${'x'.repeat(5000)}\n`]) {
      await writeFile(file(), text)
      assert.equal(await read(), undefined, text)
    }
  })
})
