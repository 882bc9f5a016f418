import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FaultyFileSystem } from '../../test/fakes/faulty-file-system.ts'
import { systemFileSystem } from '../base/file-system.ts'
import type { SessionEvent } from '../client/node-hub.ts'
import { EventQueue } from './event-queue.ts'

function event(sessionId: string): SessionEvent {
  const who = { login: 'deploy', bot: 'ci', instanceId: 'i', address: '192.0.2.7' }
  return { kind: 'start', sessionId, time: 1, certificateSerial: 2n ** 64n - 1n, ...who }
}

async function place() {
  const path = await mkdtemp(join(tmpdir(), 'mezite-queue-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function ids(queue: EventQueue): Promise<readonly string[]> {
  return (await queue.next()).map((it) => it.event.sessionId)
}

describe('the queue of events', () => {
  it('gives them in their order until they are removed, over restarts too', async () => {
    await using directory = await place()
    const queue = await EventQueue.open(systemFileSystem, directory.path)
    for (const id of ['a', 'b', 'c']) await queue.add(event(id))
    const [first] = await queue.next()
    assert.deepEqual(first?.event, event('a'))
    await queue.remove([first?.name ?? ''])
    const again = await EventQueue.open(systemFileSystem, directory.path)
    await again.add({ kind: 'end', sessionId: 'd', time: 2, reason: 'lost' })
    assert.deepEqual(await ids(again), ['b', 'c', 'd'])
    assert.equal(again.length, 3)
  })

  it('passes over what a crash has cut short', async () => {
    await using directory = await place()
    await writeFile(join(directory.path, '0000000000000001.json'), '{"kind":"sta')
    const queue = await EventQueue.open(systemFileSystem, directory.path)
    await queue.add(event('a'))
    assert.deepEqual(await ids(queue), ['a'])
    assert.equal((await readdir(directory.path)).length, 1)
  })

  it('never loses what it has promised, wherever it dies', async () => {
    const fill = async (path: string, faulty: FaultyFileSystem) => {
      const promised: string[] = []
      const work = async () => {
        const queue = await EventQueue.open(faulty.fileSystem, path)
        for (const id of ['a', 'b', 'c']) {
          await queue.add(event(id))
          promised.push(id)
        }
      }
      await work().catch(() => undefined)
      return promised
    }
    const counting = new FaultyFileSystem()
    {
      await using directory = await place()
      await fill(directory.path, counting)
    }
    for (let call = 1; call <= counting.calls; call++) {
      await using directory = await place()
      const promised = await fill(directory.path, new FaultyFileSystem({ kind: 'dies', call }))
      const found = await ids(await EventQueue.open(systemFileSystem, directory.path))
      assert.deepEqual(found.slice(0, promised.length), promised)
    }
  })
})
