import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
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
  const last = new Map<string, bigint>()
  let count = 0
  for await (const line of createInterface(child.stdout)) {
    const [id = '', generation = ''] = line.split(' ')
    last.set(id, BigInt(generation))
    if (++count === acknowledged) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return last
}

it('SQLite store: killed in mid-load, it has every act that it acknowledged', async () => {
  const directory = await createDirectory()
  const last = new Map<string, bigint>()
  for (const acknowledged of [1, 40, 333, 1_000, 2_500]) {
    for (const [id, generation] of await killAfter(directory, acknowledged))
      last.set(id, generation)
    const store = await openHere(directory)
    await assertChain(store)
    for (const [id, generation] of last) {
      const instance = await store.instances.get(id)
      assert.ok(instance)
      // One more may be applied than the killed process could say.
      assert.ok([generation, generation + 1n].includes(instance.generation))
      const events = await store.audit.list({ instanceId: id, limit: 10_000 })
      assert.equal(BigInt(events.length), instance.generation, 'an event for each generation')
      last.set(id, instance.generation)
    }
    await store.close()
  }
  await rm(directory, { recursive: true })
})
