/**
 * Opens the SQLite store in the directory given and renews 16 instances in parallel without end. A
 * line `ID GENERATION` says what the store has acknowledged.
 */
import type { InstanceRecord } from '../../src/auth/records.ts'
import { openHere } from '../contract/sqlite-place.ts'
import { applyBot, event, instance, renewed } from '../contract/store-samples.ts'

const [, , directory = ''] = process.argv
const store = await openHere(directory)
if ((await store.bots.count()) === 0) await applyBot(store)

async function commit(next: InstanceRecord, before?: InstanceRecord): Promise<void> {
  await store.commit({
    changes: before
      ? [{ kind: 'replace-instance', expected: before, instance: next }]
      : [{ kind: 'insert-instance', instance: next }],
    events: [event({ instanceId: next.id })],
  })
  process.stdout.write(`${next.id} ${next.generation}\n`)
}

async function renewForever(first: InstanceRecord): Promise<void> {
  for (let current = first; ; ) {
    const next = renewed(current)
    await commit(next, current)
    current = next
  }
}

const instances = [...(await store.instances.listForBot('ci'))]
while (instances.length < 16) {
  const joined = instance()
  await commit(joined)
  instances.push(joined)
}
await Promise.all(instances.map(renewForever))
