/** Standard output or standard error that is a file, or a device that takes each write at once. */
import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Whether a descriptor is one. */
export function isFileOutput(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor)
    return stats.isFile() || (stats.isCharacterDevice() && !isatty(descriptor))
  } catch {
    return false
  }
}

export class FileOutput {
  readonly #descriptor: number
  readonly #onFailure: (error: unknown) => void
  /** What was written last has no end. */
  #isCutOff = false

  /** @param onFailure told of what isn't written, or not whole; the next is tried all the same */
  constructor(descriptor: number, onFailure: (error: unknown) => void) {
    this.#descriptor = descriptor
    this.#onFailure = onFailure
  }

  write(text: string): void {
    const bytes = Buffer.from(this.#isCutOff ? `\n${text}` : text)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written)
      this.#isCutOff = false
    } catch (error) {
      this.#isCutOff ||= written > 0
      this.#onFailure(error)
    }
  }
}
