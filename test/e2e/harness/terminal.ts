/** A program on a terminal of its own, which a test types at, resizes, and reads the screen of. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Child } from './child.ts'
import { programPath } from './requirements.ts'
import { waitFor } from './wait.ts'

export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

export interface TerminalOptions extends TerminalSize {
  readonly env: Readonly<Record<string, string>>
}

/** How a program left its terminal. */
export interface TerminalEnd {
  readonly code: number
  /** Whether it reads whole lines again, and shows what is typed. */
  readonly cooked: boolean
}

export class Terminal implements AsyncDisposable {
  readonly #child: Child
  readonly #write: (order: object) => void

  constructor(program: readonly string[], { rows, columns, env }: TerminalOptions) {
    const driver = join(import.meta.dirname, 'terminal.py')
    const process = spawn(
      programPath('setpriv'),
      [
        ...['--pdeathsig', 'KILL', '--', programPath('python3'), driver],
        ...[String(rows), String(columns), ...program],
      ],
      { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
    )
    this.#child = new Child(program.join(' '), process, false)
    // It may end before it has read all.
    process.stdin.on('error', () => {})
    this.#write = (order) => process.stdin.write(`${JSON.stringify(order)}\n`)
  }

  type(text: string): void {
    this.#write({ type: text })
  }

  resize(size: TerminalSize): void {
    this.#write(size)
  }

  /** Everything that was written to it. */
  get written(): string {
    return this.#child.stdout
  }

  /** The lines of what was drawn last, each drawing beginning at the upper left corner. */
  get screen(): readonly string[] {
    const [last = ''] = this.written.split('\u001b[H').slice(-1)
    const [drawn = ''] = last.split('\u001b[J')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what programs send
    return drawn.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').split(/\r+\n/)
  }

  /** Waits until the screen is so. */
  async until(what: string, isSo: (screen: readonly string[]) => boolean): Promise<void> {
    await waitFor(() => isSo(this.screen), {
      what: `the screen to show ${what}`,
      context: () => `${this.screen.join('\n')}\n${this.#child.stderr}`,
    })
  }

  async ended(): Promise<TerminalEnd> {
    await waitFor(() => this.#child.exit, {
      what: 'the program to end',
      context: () => `${this.screen.join('\n')}\n${this.#child.stderr}`,
    })
    return JSON.parse(this.#child.stderr)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}
