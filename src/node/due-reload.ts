import {
  type FileSystem,
  readIfThere,
  removeDurably,
  writeFileDurably,
} from '../base/file-system.ts'
import { onFiles } from '../identity/errors.ts'

/**
 * Whether sshd has to read its configuration again. A reload takes its listener away for an instant,
 * so there is none without need; and none is forgotten: the need is on the disk before what makes
 * it so, and for as long as it hasn't been met, whenever the agent is killed.
 */
export class DueReload {
  readonly #fs: FileSystem
  readonly #path: string

  /** @param path of a file that is there as long as a reload is due */
  constructor(fs: FileSystem, path: string) {
    this.#fs = fs
    this.#path = path
  }

  /** @throws IdentityError */
  async isDue(): Promise<boolean> {
    return (await onFiles(this.#path, () => readIfThere(this.#fs, this.#path))) !== undefined
  }

  /** To be called before something changes that sshd reads at a reload only. @throws IdentityError */
  async note(): Promise<void> {
    await onFiles(this.#path, () => writeFileDurably(this.#fs, this.#path, '', { mode: 0o644 }))
  }

  /** sshd has read what there is. @throws IdentityError */
  async clear(): Promise<void> {
    await onFiles(this.#path, () => removeDurably(this.#fs, this.#path))
  }
}
