import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Store } from '../../src/auth/storage.ts'
import { createDirectory, openHere } from '../contract/sqlite-place.ts'
import { assertChain } from '../contract/store-audit.ts'

const CHILD = fileURLToPath(new URL('./store-load.ts', import.meta.url))

/**
 * Runs renewals in a process of its own and kills it after so many of them. Returns the generation
 * last acknowledged for each instance.
 */
async function killAfter(directory: string, acknowledged: number): Promise<Map<string, bigint>> {
  const child = spawn(process.execPath, [CHILD, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let text = ''
  let count = 0
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk
    count += chunk.split('\n').length - 1
    if (count >= acknowledged) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  const last = new Map<string, bigint>()
  // What follows the last newline is a line that the process was killed in.
  for (const line of text.split('\n').slice(0, -1)) {
    const [id = '', generation = ''] = line.split(' ')
    last.set(id, BigInt(generation))
  }
  return last
}

it('SQLite store: killed in mid-load, it has every act that it acknowledged', async () => {
  const directory = await createDirectory()
  const last = new Map<string, bigint>()
  for (const acknowledged of [1, 40, 333, 1_000, 2_500]) {
    for (const [id, generation] of await killAfter(directory, acknowledged))
      last.set(id, generation)
    const store = await openHere(directory)
    try {
      await assertAcknowledged(store, last)
    } finally {
      await store.close()
    }
  }
  await rm(directory, { recursive: true })
})

/** And goes on from what there is. */
async function assertAcknowledged(store: Store, last: Map<string, bigint>): Promise<void> {
  await assertChain(store)
  for (const [id, generation] of last) {
    const instance = await store.instances.get(id)
    assert.ok(instance)
    // One more may be applied than the killed process could say.
    assert.ok(
      [generation, generation + 1n].includes(instance.generation),
      `${instance.generation} where ${generation} was acknowledged`,
    )
    const events = await store.audit.list({ instanceId: id, limit: 10_000 })
    assert.equal(BigInt(events.length), instance.generation, 'an event for each generation')
    last.set(id, instance.generation)
  }
}
