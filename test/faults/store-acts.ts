/**
 * Opens the SQLite store in the directory given and makes a role of each line of standard input. Says
 * `open`, then `NAME` for each that the store has acknowledged, or `NAME: CODE: MESSAGE`; writes the
 * same to a file. Several names on a line are asked for at once.
 */
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { StoreError } from '../../src/auth/storage.ts'
import { openHere } from '../contract/sqlite-place.ts'
import { apply, role } from '../contract/store-samples.ts'

const [, , directory = '', record = ''] = process.argv
const say = (line: string) => {
  appendFileSync(record, `${line}\n`)
  process.stdout.write(`${line}\n`)
}
const told = (error: unknown) =>
  error instanceof StoreError ? `${error.code}: ${error.message}` : String(error)

try {
  const store = await openHere(directory)
  const insert = async (name: string) => {
    const document = 'x'.repeat(2_000)
    await apply(store, { kind: 'insert-role', role: role({ name, document }) }).then(
      () => say(name),
      (error: unknown) => say(`${name}: ${told(error)}`),
    )
  }
  say('open')
  for await (const line of createInterface(process.stdin)) {
    await Promise.all(line.split(' ').map(insert))
  }
  await store.close()
} catch (error) {
  say(`refused: ${told(error)}`)
}
