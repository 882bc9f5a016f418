/** Looks at the processes of the machine again and again, as `ps` would. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import type { Evidence } from './secret.ts'

const EACH_MS = 5
/** Until it has run for an instant its command line is as it was typed, in its shell as well. */
const STARTING = /(?:^|[/\0 ])mezd(?:\/main\.ts)?[\0 ]/
/** Mezite's own, and what they have forked an instant ago. */
const OWN = /^(?:node|mezhub|mezd|mezctl|msh)$/

export class ProcessWatch implements Disposable {
  readonly #commandLines = new Map<string, string>()
  readonly #environments = new Map<string, Set<string>>()
  readonly #started = new Set<number>()
  readonly #timer = setInterval(() => this.#look(), EACH_MS)

  /** A process of the test's own, whose environment the test has made. */
  started(pid: number): void {
    this.#started.add(pid)
  }

  /** What `ps` showed, and the environments of what was started by others than the test. */
  evidence(): readonly Evidence[] {
    const lines = [...this.#commandLines].map(([line, whose]) => ({
      name: `command line of ${whose}`,
      content: Buffer.from(line),
    }))
    const environments = [...this.#environments].map(([content, programs]) => ({
      name: `environment of ${[...programs].join()}`,
      content: Buffer.from(content),
    }))
    return [...lines, ...environments]
  }

  /** The programs whose environments were seen. */
  get programs(): ReadonlySet<string> {
    return new Set([...this.#environments.values()].flatMap((programs) => [...programs]))
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name)
      if (!Number.isInteger(pid) || pid === process.pid) continue
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
        const isStart = STARTING.test(line)
        this.#commandLines.set(line, isStart ? 'the start of mezd' : `process ${pid}`)
        if (isStart || this.#started.has(pid)) continue
        const program = basename(readlinkSync(`/proc/${pid}/exe`))
        if (OWN.test(program)) continue
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
        const programs = this.#environments.get(environment) ?? new Set()
        this.#environments.set(environment, programs.add(program))
      } catch {
        // It has ended.
      }
    }
  }
}
