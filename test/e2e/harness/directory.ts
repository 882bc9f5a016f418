import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoAtExit } from './cleanup.ts'

/** A directory for one test, which every account of the machine may pass through. */
export class TemporaryDirectory implements Disposable {
  readonly path: string
  readonly #remove: () => void

  constructor(prefix = 'mezite-e2e-') {
    const path = mkdtempSync(join(tmpdir(), prefix))
    chmodSync(path, 0o755)
    this.path = path
    this.#remove = undoAtExit(() => rmSync(path, { recursive: true, force: true }))
  }

  join(...names: readonly string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    this.#remove()
  }
}
