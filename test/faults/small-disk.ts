/** A directory on a disk of its own, which can be filled to the last byte. Mounting it needs root. */
import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { systemErrorCode } from '../../src/base/errors.ts'
import { undoAtExit } from '../e2e/harness/cleanup.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'

const BLOCK = 4_096
const FILLERS = ['.filler', '.rest']

export class SmallDisk extends TemporaryDirectory {
  readonly #unmount: () => void

  constructor(size = '12m') {
    super('mezite-disk-')
    const { path } = this
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'mezite-test', path])
    // Also where something of it is still open.
    this.#unmount = undoAtExit(() => void execFileSync('umount', ['--lazy', path]))
    chmodSync(path, 0o755)
  }

  fill(): void {
    for (const [index, size] of [64 << 20, BLOCK].entries()) {
      try {
        writeFileSync(this.join(FILLERS[index] ?? ''), Buffer.alloc(size))
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOSPC') throw error
      }
    }
  }

  free(): void {
    for (const name of FILLERS) rmSync(this.join(name), { force: true })
  }

  override [Symbol.dispose](): void {
    this.#unmount()
    super[Symbol.dispose]()
  }
}
