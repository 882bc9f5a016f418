import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import {
  access,
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { MINUTE } from '../base/clock.ts'
import { type FileSystem, systemFileSystem } from '../base/file-system.ts'
import { type Destination, prepareDestination, publish, tryDestination } from './destination.ts'
import type { Identity } from './identity.ts'
import type { Reader } from './output-access.ts'
import { OUTPUT_NAMES } from './output-files.ts'

const NOW = Date.UTC(2026, 2, 24, 14)
const umask = process.umask()
after(() => process.umask(umask))

/** A scene whose bot has joined, and its identity; published elsewhere than in `outputs`. */
async function joined() {
  const scene = await IdentityScene.open()
  const { published } = await scene.run({ until: ({ published }) => published.length === 1 })
  const identity = published[0]?.identity
  assert.ok(identity)
  return { scene, identity, path: join(scene.directory, 'outputs') }
}

function prepare(
  path: string,
  reader: Reader = { kind: 'nobody' },
  fs: FileSystem = systemFileSystem,
): Promise<Destination> {
  const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  return prepareDestination(fs, { path, reader, self })
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777
}

/** The file system, with changes of owners written down: to make them one must be root. */
function recordingOwners(owners: Map<string, string>, refuse = false): FileSystem {
  return new Proxy(systemFileSystem, {
    get(target, name) {
      if (name !== 'open') return Reflect.get(target, name)
      return async (path: string, ...rest: [number, number?]) => {
        const handle = await target.open(path, ...rest)
        handle.chown = async (uid, gid) => {
          if (refuse) throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
          owners.set(path.slice(path.indexOf('.generations')), `${uid}:${gid}`)
        }
        return handle
      }
    },
  })
}

describe('a destination', () => {
  it('has its modes under any umask', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    for (const mask of [0, 0o077]) {
      process.umask(mask)
      const destination = await prepare(`${path}-${mask}`)
      const { directory } = await publish(systemFileSystem, destination, identity, NOW)
      process.umask(umask)
      for (const folder of [destination.path, join(directory, '..'), directory]) {
        assert.equal(await modeOf(folder), 0o700, folder)
      }
      for (const name of OUTPUT_NAMES) {
        const expected = name === 'ssh_key' ? 0o600 : 0o644
        assert.equal(await modeOf(join(destination.path, name)), expected, name)
        assert.equal(await readlink(join(destination.path, name)), `.current/${name}`)
      }
    }
  })

  it('is opened to a user, and nothing but the outputs', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    const owners = new Map<string, string>()
    const fs = recordingOwners(owners)
    await mkdir(path, { mode: 0o700 })
    const destination = await prepare(path, { kind: 'user', uid: 1234, gid: 567 }, fs)
    owners.clear()
    const { directory } = await publish(fs, destination, identity, NOW)
    assert.deepEqual([await modeOf(path), await modeOf(directory)], [0o711, 0o711])
    assert.equal(await modeOf(join(directory, 'ssh_key')), 0o400)
    assert.deepEqual(
      [...owners],
      OUTPUT_NAMES.map((name) => [`.generations/1/${name}`, '1234:567']),
    )
  })

  it('is opened to a group', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    const owners = new Map<string, string>()
    const fs = recordingOwners(owners)
    const destination = await prepare(path, { kind: 'group', gid: 567 }, fs)
    const { directory } = await publish(fs, destination, identity, NOW)
    assert.deepEqual([await modeOf(path), await modeOf(directory)], [0o711, 0o750])
    assert.equal(await modeOf(join(directory, 'ssh_key')), 0o640)
    assert.equal(owners.get('.generations/1'), `${process.geteuid?.()}:567`)
    assert.equal(owners.get('.generations/1/known_hosts'), `${process.geteuid?.()}:567`)
  })

  it('is refused before the join when it can not be given to its reader', async () => {
    const { scene, path } = await joined()
    await using _ = scene
    const fs = recordingOwners(new Map(), true)
    const destination = await prepare(path, { kind: 'group', gid: 567 }, fs)
    await assert.rejects(tryDestination(fs, destination), { code: 'not-permitted' })
    assert.deepEqual(await readdir(join(path, '.generations')), [])
  })

  it('keeps three generations, and those that were current less than two minutes ago', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    const destination = await prepare(path)
    const kept: (readonly string[])[] = []
    for (const minutes of [0, 1, 2, 2.5, 10, 20, 30]) {
      await publish(systemFileSystem, destination, identity, NOW + minutes * MINUTE)
      kept.push((await readdir(join(path, '.generations'))).sort())
    }
    assert.deepEqual(kept, [
      ['1'],
      ['1', '2'],
      ['1', '2', '3'],
      ['1', '2', '3', '4'],
      ['3', '4', '5'],
      ['4', '5', '6'],
      ['5', '6', '7'],
    ])
  })

  it('names the immutable files in ssh_config, and never writes into a directory twice', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    const destination = await prepare(path)
    await publish(systemFileSystem, destination, identity, NOW)
    const before = await readFile(join(path, 'ssh_config'), 'utf8')
    assert.ok(before.includes(`IdentityFile "${path}/.generations/1/ssh_key"`))
    await mkdir(join(path, '.generations', '2'))
    await writeFile(join(path, '.generations', '2', 'ssh_key'), 'left by a crash')
    await publish(systemFileSystem, destination, identity, NOW)
    assert.ok(
      (await readFile(join(path, 'ssh_config'), 'utf8')).includes('/.generations/2/ssh_key"'),
    )
    assert.equal(await readFile(join(path, '.generations', '1', 'ssh_config'), 'utf8'), before)
  })
})

describe('what stands in the way', () => {
  const ways: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    'a key of the user': (path) => writeFile(join(path, 'ssh_key'), 'mine'),
    'a config of the user': (path) => writeFile(join(path, 'ssh_config'), 'mine'),
    'a link to elsewhere': (path) => symlink('/etc/passwd', join(path, 'known_hosts')),
    'a link in the place of .current': (path) => symlink('/etc', join(path, '.current')),
    'a file in the place of .generations': (path) => writeFile(join(path, '.generations'), ''),
    'generations that others can write': async (path) => {
      await mkdir(join(path, '.generations'))
      await chmod(join(path, '.generations'), 0o777)
    },
  }
  for (const [what, plant] of Object.entries(ways)) {
    it(`is refused: ${what}`, async () => {
      await using scene = await IdentityScene.open()
      const path = join(scene.directory, 'outputs')
      await mkdir(path)
      await plant(path)
      const before = await readdir(path)
      await assert.rejects(prepare(path), { code: 'occupied' })
      assert.deepEqual(await readdir(path), before)
    })
  }

  it('is refused: a link that another user has planted', async () => {
    const { scene, identity, path } = await joined()
    await using _ = scene
    await publish(systemFileSystem, await prepare(path), identity, NOW)
    const fs = new Proxy(systemFileSystem, {
      get:
        (target, name) =>
        async (file: string, ...rest: unknown[]) => {
          const result: unknown = await Reflect.apply(Reflect.get(target, name), target, [
            file,
            ...rest,
          ])
          if (name !== 'lstat' || !file.endsWith('/ssh_key')) return result
          return Object.assign(await lstat(file), { uid: 54_321 })
        },
    })
    await assert.rejects(prepare(path, { kind: 'nobody' }, fs), {
      code: 'occupied',
      message: /symbolic link of user 54321/,
    })
  })
})

describe('a destination that can not be written', () => {
  const faults = [
    ['EACCES', 'not-permitted'],
    ['EROFS', 'read-only'],
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EIO', 'file-failed'],
  ] as const
  for (const [errno, code] of faults) {
    it(`is refused by its name: ${errno}`, async () => {
      await using scene = await IdentityScene.open()
      const path = join(scene.directory, 'outputs')
      const fs = new Proxy(systemFileSystem, {
        get: (target, name) =>
          name === 'mkdir'
            ? () => Promise.reject(Object.assign(new Error(errno), { code: errno }))
            : Reflect.get(target, name),
      })
      await assert.rejects(prepare(path, { kind: 'nobody' }, fs), {
        code,
        message: new RegExp(`outputs: .*\\(${errno}\\)`),
      })
    })
  }
})

it('never changes what was published when a publication fails', async () => {
  const { scene, identity, path } = await joined()
  await using _ = scene
  const destination = await prepare(path)
  await publish(systemFileSystem, destination, identity, NOW)
  const full = new Proxy(systemFileSystem, {
    get: (target, name) =>
      name === 'open'
        ? () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }))
        : Reflect.get(target, name),
  })
  const other: Identity = { ...identity, bot: 'other' }
  await assert.rejects(publish(full, destination, other, NOW), { code: 'disk-full' })
  assert.match(await readFile(join(path, 'ssh_key.pub'), 'utf8'), / github-deploy\n$/)
  await access(join(path, 'ssh_key'), constants.R_OK)
})
