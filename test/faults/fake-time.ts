/** The date as one machine has it, set while its programs run. Their monotonic clock is left alone. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'

export class FakeTime implements Disposable {
  /** For the programs of that machine. */
  readonly env: Readonly<Record<string, string>>
  readonly #directory = mkdtempSync(join(tmpdir(), 'mezite-time-'))
  #offsetMs = 0

  constructor() {
    this.env = {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      // How soon it is noticed, in seconds.
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }
    this.set(0)
  }

  /** Ahead of this machine's clock by so much; behind it where negative. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs
    const seconds = Math.trunc(offsetMs / 1_000)
    writeFileSync(this.#file, seconds < 0 ? `${seconds}\n` : `+${seconds}\n`)
  }

  /** Sets it, and waits until programs that run have it. */
  async change(offsetMs: number): Promise<void> {
    this.set(offsetMs)
    await systemClock.sleep(1_100)
  }

  now(): number {
    return systemClock.now() + this.#offsetMs
  }

  get #file(): string {
    return join(this.#directory, 'offset')
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}

/** Debian's libfaketime, for programs with threads. */
function library(): string {
  for (const architecture of readdirSync('/usr/lib')) {
    const directory = `/usr/lib/${architecture}/faketime`
    const name = 'libfaketimeMT.so.1'
    try {
      if (readdirSync(directory).includes(name)) return join(directory, name)
    } catch {
      // Not here.
    }
  }
  throw new Error('libfaketime is missing: apt-get install faketime')
}
