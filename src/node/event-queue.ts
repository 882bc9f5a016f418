/**
 * Session events on their way to the hub: on the disk until it has them, a file each, in their
 * order. Whatever happens, each arrives at least once.
 */
import { join } from 'node:path'
import { createFile, type FileSystem, syncDirectory } from '../base/file-system.ts'
import { PlainFileError, readPlainFile } from '../base/plain-file.ts'
import { makeDirectory } from '../base/safe-directory.ts'
import type { SessionEvent } from '../client/node-hub.ts'
import { onFiles } from '../identity/errors.ts'
import { encodeEvent, parseEvent } from './event-file.ts'

const NAME = /^\d{16}\.json$/
const BATCH = 200
const EVENT_FILE = { largest: 64 * 1024 }
/** The oldest give way: a hub that was away for so long has lost its picture of who is in anyway. */
const MOST_EVENTS = 100_000

export interface QueuedEvent {
  readonly name: string
  readonly event: SessionEvent
}

export class EventQueue {
  readonly #fs: FileSystem
  readonly #directory: string
  #names: string[]
  #last: number

  constructor(fs: FileSystem, directory: string, names: readonly string[]) {
    this.#fs = fs
    this.#directory = directory
    this.#names = [...names].sort()
    this.#last = Number.parseInt(this.#names.at(-1) ?? '0', 10)
  }

  /** @throws IdentityError */
  static async open(fs: FileSystem, directory: string): Promise<EventQueue> {
    return onFiles(directory, async () => {
      await makeDirectory(fs, directory, 0o700)
      const names = (await fs.readdir(directory)).filter((name) => NAME.test(name))
      return new EventQueue(fs, directory, names)
    })
  }

  get length(): number {
    return this.#names.length
  }

  /** On the disk when this resolves. @throws IdentityError */
  async add(event: SessionEvent): Promise<void> {
    this.#last += 1
    const name = `${String(this.#last).padStart(16, '0')}.json`
    const path = join(this.#directory, name)
    await onFiles(path, async () => {
      await createFile(this.#fs, path, encodeEvent(event), { mode: 0o600 })
      await syncDirectory(this.#fs, this.#directory)
    })
    this.#names.push(name)
    if (this.#names.length > MOST_EVENTS) await this.remove(this.#names.slice(0, 1))
  }

  /**
   * The oldest events. One that can't be read, cut short by a crash, was never promised: it is
   * removed.
   *
   * @throws IdentityError
   */
  async next(): Promise<readonly QueuedEvent[]> {
    const batch: QueuedEvent[] = []
    for (const name of this.#names.slice(0, BATCH)) {
      const path = join(this.#directory, name)
      const event = await onFiles(path, () => this.#read(path))
      if (event === undefined) await this.remove([name])
      else batch.push({ name, event })
    }
    return batch
  }

  /** Undefined for what `add` has not written. */
  async #read(path: string): Promise<SessionEvent | undefined> {
    try {
      return parseEvent((await readPlainFile(this.#fs, path, EVENT_FILE)).toString())
    } catch (error) {
      if (error instanceof PlainFileError) return undefined
      throw error
    }
  }

  /** Forgets events that the hub has. */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#fs.rm(join(this.#directory, name), { force: true })
    }
    const removed = new Set(names)
    this.#names = this.#names.filter((name) => !removed.has(name))
  }
}
