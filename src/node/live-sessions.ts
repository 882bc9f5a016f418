/** The sessions that are in, a file each, so that an agent that starts again knows them. */
import { join } from 'node:path'
import { type FileSystem, removeDurably, writeFileDurably } from '../base/file-system.ts'
import { PlainFileError, readPlainFile } from '../base/plain-file.ts'
import { makeDirectory } from '../base/safe-directory.ts'
import { onFiles } from '../identity/errors.ts'
import { encodeSession, parseSession } from './event-file.ts'
import type { Session } from './session.ts'

const SESSION_FILE = { largest: 64 * 1024 }

export class LiveSessions {
  readonly #fs: FileSystem
  readonly #directory: string

  constructor(fs: FileSystem, directory: string) {
    this.#fs = fs
    this.#directory = directory
  }

  /** What an earlier agent has left. @throws IdentityError */
  async load(): Promise<readonly Session[]> {
    const sessions: Session[] = []
    await onFiles(this.#directory, async () => {
      await makeDirectory(this.#fs, this.#directory, 0o700)
      for (const name of await this.#fs.readdir(this.#directory)) {
        const path = join(this.#directory, name)
        const session = await this.#read(path)
        if (session !== undefined && this.#pathOf(session.id) === path) sessions.push(session)
        else await this.#fs.rm(path, { recursive: true })
      }
    })
    return sessions
  }

  /** Undefined for what `add` has not written. */
  async #read(path: string): Promise<Session | undefined> {
    try {
      return parseSession((await readPlainFile(this.#fs, path, SESSION_FILE)).toString())
    } catch (error) {
      if (error instanceof PlainFileError) return undefined
      throw error
    }
  }

  async add(session: Session): Promise<void> {
    const path = this.#pathOf(session.id)
    await onFiles(path, () =>
      writeFileDurably(this.#fs, path, encodeSession(session), { mode: 0o600 }),
    )
  }

  async remove(id: string): Promise<void> {
    const path = this.#pathOf(id)
    await onFiles(path, () => removeDurably(this.#fs, path))
  }

  #pathOf(id: string): string {
    return join(this.#directory, `${id}.json`)
  }
}
