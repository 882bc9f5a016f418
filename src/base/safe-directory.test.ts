import assert from 'node:assert/strict'
import type { Stats } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type FileSystem, systemFileSystem } from './file-system.ts'
import { ensureSafeDirectory, type SafeDirectoryOptions } from './safe-directory.ts'

let base = ''
const umask = process.umask()
const uid = process.geteuid?.() ?? 0
const gid = process.getegid?.() ?? 0
const STRANGER = 54_321

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'mezite-safe-'))
})
afterEach(async () => {
  process.umask(umask)
  await rm(base, { recursive: true })
})

function ensure(
  path: string,
  options: Partial<SafeDirectoryOptions> = {},
  fs = systemFileSystem,
): Promise<string> {
  return ensureSafeDirectory(fs, path, {
    self: { uid, gid },
    mode: 0o700,
    ...options,
  })
}

/** The file system, with other owners than the real ones: to have those one must be root. */
function seen(change: (path: string, stats: Stats) => void): FileSystem {
  const changed = async (path: string) => {
    const stats = await lstat(path)
    change(path, stats)
    return stats
  }
  return new Proxy(systemFileSystem, {
    get: (target, name) => (name === 'lstat' ? changed : Reflect.get(target, name)),
  })
}

async function modeOf(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o7777
}

async function refused(
  path: string,
  message: RegExp,
  options: Partial<SafeDirectoryOptions> = {},
  fs = systemFileSystem,
): Promise<void> {
  await assert.rejects(ensure(path, options, fs), { code: 'unsafe', message })
}

describe('ensureSafeDirectory', () => {
  it('makes what is missing with its final mode under any umask', async () => {
    for (const mask of [0, 0o077]) {
      process.umask(mask)
      const path = join(base, `${mask}`, 'deep', 'certs')
      assert.equal(await ensure(path), path)
      assert.equal(await modeOf(path), 0o700)
      assert.equal(await modeOf(join(base, `${mask}`, 'deep')), 0o755)
    }
  })

  it('follows links of its own user to where they lead', async () => {
    await mkdir(join(base, 'real'))
    await symlink('real/../real', join(base, 'link'))
    await symlink(join(base, 'link'), join(base, 'absolute'))
    assert.equal(await ensure(join(base, 'absolute', 'certs')), join(base, 'real', 'certs'))
  })

  it('refuses a file, and a loop', async () => {
    await writeFile(join(base, 'file'), '')
    await refused(join(base, 'file'), /file is not a directory/)
    await refused(join(base, 'file', 'certs'), /file is not a directory/)
    await symlink('loop', join(base, 'loop'))
    await refused(join(base, 'loop'), /loop of symbolic links/)
  })

  it('refuses what others can write, except above it where the group is our own', async () => {
    const path = join(base, 'certs')
    await mkdir(path)
    for (const mode of [0o770, 0o707, 0o1777]) {
      await chmod(path, mode)
      await refused(path, /can be written by other users/)
    }
    await chmod(path, 0o700)
    await chmod(base, 0o770)
    await ensure(path)
    const fs = seen((name, stats) => {
      if (name === base) stats.gid = STRANGER
    })
    await refused(path, /can be written by other users/, {}, fs)
    await chmod(base, 0o1770)
    await ensure(path, {}, fs)
    await chmod(base, 0o707)
    await refused(path, /can be written by other users/)
    await chmod(base, 0o1707)
    await ensure(path)
  })

  it('refuses what belongs to somebody else: itself, what is above it, or a link to it', async () => {
    const theirs = join(base, 'theirs')
    const link = join(base, 'link')
    await mkdir(theirs)
    await symlink('.', link)
    const fs = seen((name, stats) => {
      if (name === theirs || name === link) stats.uid = STRANGER
    })
    await refused(theirs, /belongs to user 54321, this process runs as/, {}, fs)
    await refused(join(theirs, 'certs'), /belongs to user 54321, who could replace it/, {}, fs)
    await refused(join(link, 'certs'), /is a symbolic link of user 54321/, {}, fs)
  })

  it('refuses a secret directory that others can look into', async () => {
    const path = join(base, 'state')
    await mkdir(path)
    await chmod(path, 0o750)
    await ensure(path)
    await refused(path, /can be read by other users/, { secret: true })
  })
})
