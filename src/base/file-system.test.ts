import assert from 'node:assert/strict'
import {
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FaultyFileSystem } from '../../test/fakes/faulty-file-system.ts'
import {
  createFile,
  systemFileSystem as fs,
  removeDurably,
  swapSymlink,
  writeFileDurably,
} from './file-system.ts'

let directory = ''
const umask = process.umask()
const path = (name: string) => join(directory, name)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mezite-files-'))
})
afterEach(async () => {
  process.umask(umask)
  await rm(directory, { recursive: true })
})

describe('writeFileDurably', () => {
  it('gives a file its mode under any umask', async () => {
    for (const mask of [0, 0o022, 0o077]) {
      process.umask(mask)
      for (const mode of [0o600, 0o644, 0o400]) {
        await writeFileDurably(fs, path('file'), 'content', { mode })
        assert.equal((await stat(path('file'))).mode & 0o7777, mode)
      }
    }
  })

  it('leaves the old content or the new one, and nothing beside it, whatever call fails', async () => {
    for (const kind of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        await writeFile(path('file'), 'old')
        const faulty = new FaultyFileSystem({ kind, call })
        const done = writeFileDurably(faulty.fileSystem, path('file'), 'new', { mode: 0o600 })
        const failed = await done.then(() => false).catch(() => true)
        assert.match(await readFile(path('file'), 'utf8'), failed ? /^(old|new)$/ : /^new$/)
        assert.deepEqual(await readdir(directory), ['file'])
        if (!failed) break
      }
    }
  })

  it('writes anew where a crash has left a half', async () => {
    await writeFile(path('.file.new'), 'half')
    await writeFileDurably(fs, path('file'), 'whole', { mode: 0o600 })
    assert.deepEqual(await readdir(directory), ['file'])
  })
})

it('createFile follows no link and replaces no file', async () => {
  await symlink('elsewhere', path('link'))
  await assert.rejects(createFile(fs, path('link'), '', { mode: 0o600 }), { code: 'EEXIST' })
  assert.deepEqual(await readdir(directory), ['link'])
})

it('swapSymlink makes a link and replaces one', async () => {
  for (const target of ['first', 'second']) {
    await swapSymlink(fs, target, path('link'))
    assert.equal(await readlink(path('link')), target)
  }
  assert.deepEqual(await readdir(directory), ['link'])
})

it('removeDurably removes a file that may be gone', async () => {
  await writeFile(path('file'), '')
  await removeDurably(fs, path('file'))
  await removeDurably(fs, path('file'))
  assert.deepEqual(await readdir(directory), [])
})
