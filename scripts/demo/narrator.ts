/** Tells what the demonstration does: each command as it is typed, and what came of it. */
import { type RunResult, run, shellQuoted } from '../../test/e2e/harness/run.ts'

const WIDTH = 96

export class Narrator {
  readonly #env: Record<string, string>
  readonly #colours: boolean
  #step = 0

  constructor(env: Record<string, string>) {
    this.#env = env
    this.#colours = process.stdout.isTTY && !process.env['NO_COLOR']
  }

  step(title: string): void {
    this.#write(`\n${this.#style('1', `${++this.#step}. ${title}`)}\n`)
  }

  say(text: string): void {
    this.#write(`   ${this.#style('2', text)}\n`)
  }

  /** A command that runs in the background, or is shown only. */
  command(words: readonly string[]): void {
    this.#write(`   ${this.#style('36', `$ ${foldCommand(words)}`)}\n`)
  }

  output(text: string): void {
    for (const line of text.trimEnd().split(/\r?\n/)) this.#write(`     ${line}\n`)
  }

  good(text: string): void {
    this.#write(`   ${this.#style('32', `✓ ${text}`)}\n`)
  }

  /** Shows a command, runs it, and shows what it printed. */
  async run(words: readonly string[]): Promise<RunResult> {
    this.command(words)
    const result = await run(words, { env: this.#env })
    const printed = `${result.stdout}${result.stderr}`
    if (printed !== '') this.output(printed)
    return result
  }

  /** As `run`, for a command that must succeed. */
  async runOk(words: readonly string[]): Promise<RunResult> {
    const result = await this.run(words)
    if (result.code !== 0) throw new Error(`${words[0]} ended with ${result.code ?? result.signal}`)
    return result
  }

  #style(code: string, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text
  }

  #write(text: string): void {
    process.stdout.write(text)
  }
}

/** A command over several lines as a shell reads it; an option stays with its value. */
function foldCommand(words: readonly string[]): string {
  const lines: string[] = []
  let line = ''
  for (const unit of units(words)) {
    if (line !== '' && line.length + unit.length > WIDTH) {
      lines.push(line)
      line = `    ${unit}`
    } else {
      line = line === '' ? unit : `${line} ${unit}`
    }
  }
  return [...lines, line].join(' \\\n   ')
}

function units(words: readonly string[]): readonly string[] {
  const found: string[] = []
  for (const word of words.map(shellQuoted)) {
    const previous = found.at(-1) ?? ''
    if (/^-[a-zA-Z]$/.test(previous)) found[found.length - 1] = `${previous} ${word}`
    else found.push(word)
  }
  return found
}
