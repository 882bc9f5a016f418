import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { FaultyFileSystem } from '../../test/fakes/faulty-file-system.ts'
import { FakeNodeHub, NOTHING_NEW, plainGrant } from '../../test/fakes/node-hub.ts'
import { type FileSystem, systemFileSystem } from '../base/file-system.ts'
import { parseKrl } from '../ssh/krl.ts'
import { Grants } from './grants.ts'
import { nodePaths } from './node-paths.ts'
import { SshdFiles } from './sshd-files.ts'

class Place implements AsyncDisposable {
  readonly hub = new FakeNodeHub(new FakeClock())
  readonly grants = new Grants()
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  static async open(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'mezite-files-')))
  }

  get paths() {
    return nodePaths(join(this.directory, 'mezite'))
  }

  files(fs: FileSystem = systemFileSystem): SshdFiles {
    return new SshdFiles(fs, this.paths, this.grants, process.geteuid?.() ?? 0)
  }

  /** The hub's picture: two logins, some serials. */
  tell(principals: readonly string[], revoked: readonly bigint[]): void {
    this.hub.grants = [plainGrant('deploy'), plainGrant('web')]
    this.hub.principals = principals
    this.hub.revoked = revoked
    this.grants.apply(this.hub.snapshot())
  }

  async write(files: SshdFiles): Promise<readonly unknown[]> {
    await files.markAll()
    return await files.flush(undefined)
  }

  async revoked(): Promise<number> {
    const { certificates } = parseKrl(await readFile(this.paths.revokedKeys))
    const ranges = certificates.flatMap(({ serials }) => serials)
    return ranges.reduce((sum, { first, last }) => sum + Number(last - first) + 1, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}

describe("sshd's files", () => {
  it('are all there, and let nobody in, before sshd is told of them', async () => {
    await using place = await Place.open()
    await place.files().prepare(place.hub.trust, '#!/bin/sh\n')
    const names = ['no-file-copy', 'principals', 'revoked.krl', 'session-hook', 'user_ca.pub']
    assert.deepEqual((await readdir(place.paths.directory)).sort(), names)
    assert.deepEqual(await readdir(place.paths.principals), [])
    assert.equal(await place.revoked(), 0)
  })

  it('say what the hub says, with logins of before gone', async () => {
    await using place = await Place.open()
    await place.files().prepare(place.hub.trust, '')
    place.tell(['bot:a'], [1n, 2n, 9n])
    await place.write(place.files())
    assert.deepEqual((await readdir(place.paths.principals)).sort(), ['deploy', 'web'])
    assert.equal(await place.revoked(), 3)
    place.tell([], [9n])
    await place.write(place.files())
    assert.deepEqual(await readdir(place.paths.principals), [])
    assert.equal(await place.revoked(), 1)
  })

  it('are written when they change only', async () => {
    await using place = await Place.open()
    await place.files().prepare(place.hub.trust, '')
    place.tell(['bot:a'], [7n])
    await place.write(place.files())
    const deploy = join(place.paths.principals, 'deploy')
    for (const path of [deploy, place.paths.revokedKeys]) await utimes(path, 1, 1)
    const again = place.files()
    await again.prepare(place.hub.trust, '')
    await place.write(again)
    for (const path of [deploy, place.paths.revokedKeys]) {
      assert.equal((await stat(path)).mtimeMs, 1000)
    }
  })

  it('keep what is revoked when an agent starts, and mend a list that is damaged', async () => {
    await using place = await Place.open()
    await place.files().prepare(place.hub.trust, '')
    place.tell(['bot:a'], [7n])
    await place.write(place.files())
    await place.files().prepare(place.hub.trust, '')
    assert.equal(await place.revoked(), 1)
    await writeFile(place.paths.revokedKeys, 'garbage')
    await place.files().prepare(place.hub.trust, '')
    assert.equal(await place.revoked(), 1)
  })

  it('are as they were on a full disk, told, and right once there is room', async () => {
    await using place = await Place.open()
    await place.files().prepare(place.hub.trust, '')
    place.tell(['bot:a'], [7n])
    await place.write(place.files())
    let isFull = true
    const open: FileSystem['open'] = (...it) =>
      isFull && Number(it[1]) & 1
        ? Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
        : systemFileSystem.open(...it)
    const files = place.files({ ...systemFileSystem, open })
    place.tell(['bot:b'], [7n, 8n])
    const failures = await place.write(files)
    assert.equal(failures.length, 3)
    assert.match(String(failures[0]), /no space is left/)
    assert.ok(files.isDue)
    assert.equal(await place.revoked(), 1)
    const deploy = join(place.paths.principals, 'deploy')
    assert.equal(await readFile(deploy, 'utf8'), 'restrict,pty bot:a\n')
    isFull = false
    assert.deepEqual(await files.flush(undefined), [])
    assert.equal(await readFile(deploy, 'utf8'), 'restrict,pty bot:b\n')
    assert.equal(await place.revoked(), 2)
  })

  it('are whole, the old or the new, wherever the agent dies', async () => {
    const counting = new FaultyFileSystem()
    await change(counting)
    for (let call = 1; call <= counting.calls; call++) {
      await change(new FaultyFileSystem({ kind: 'dies', call }))
    }
  })

  async function change(faulty: FaultyFileSystem): Promise<void> {
    await using place = await Place.open()
    await place.files().prepare(place.hub.trust, '')
    place.tell(['bot:a'], [7n])
    await place.write(place.files())
    const files = place.files(faulty.fileSystem)
    const { hub, grants } = place
    hub.principals = ['bot:b']
    grants.apply(hub.snapshot())
    grants.apply({ ...NOTHING_NEW, revoked: [8n] })
    await files.prepare(hub.trust, '').catch(() => undefined)
    await place.write(files).catch(() => undefined)
    const text = await readFile(join(place.paths.principals, 'deploy'), 'utf8')
    assert.match(text, /^restrict,pty bot:[ab]\n$/)
    assert.ok((await place.revoked()) >= 1)
  }
})
