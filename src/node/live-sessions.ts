/** The sessions that are in, a file each, so that an agent that starts again knows them. */
import { join } from 'node:path'
import { type FileSystem, removeDurably, writeFileDurably } from '../base/file-system.ts'
import { onFiles } from '../identity/errors.ts'
import { makeDirectory } from '../identity/safe-directory.ts'
import { encodeSession, parseSession } from './event-file.ts'
import type { Session } from './session.ts'

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
        const session = parseSession(await this.#fs.readFile(path, 'utf8'))
        if (session === undefined || this.#pathOf(session.id) !== path) await this.#fs.rm(path)
        else sessions.push(session)
      }
    })
    return sessions
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
