/**
 * What a page of docs/ says, in the form in which it is run.
 *
 * The pages are programs: each is run from top to bottom, on machines of its own, as a reader would
 * go through it. What stands behind the language of a fenced block says what it is; readers don't
 * see it, so the text around says the same in words.
 *
 *     ```sh hub                     typed on the machine `hub`, as root, in its home directory
 *     ```sh hub exit=3              the same; the last command ends with 3, every other with 0
 *     ```sh hub until               typed again until the output is as shown (ten seconds long)
 *     ```text                       the output of the commands above, on either stream
 *     ```yaml hub role.yaml         a file: its machine and its path, then its content
 *
 * In a file and in commands the samples of earlier outputs stand for what was really printed (see
 * expected.ts). A block of `text` that doesn't follow commands is a picture.
 */

interface Placed {
  readonly line: number
}

export interface CommandStep extends Placed {
  readonly kind: 'commands'
  readonly machine: string
  readonly commands: string
  readonly exitCode: number
  readonly isRepeated: boolean
  /** Undefined: anything. */
  readonly output: string | undefined
}

export interface FileStep extends Placed {
  readonly kind: 'file'
  readonly machine: string
  readonly path: string
  readonly content: string
}

export type Step = CommandStep | FileStep

interface Block extends Placed {
  readonly language: string
  readonly words: readonly string[]
  readonly content: string
}

/** @throws Error that names the line */
export function parsePage(text: string): readonly Step[] {
  const blocks = readBlocks(text)
  return blocks.flatMap((block, i): readonly Step[] => {
    const { line, language, words, content } = block
    const [machine, path, ...more] = words
    if (language === 'text') return []
    if (language === 'sh') return [commandStep(block, blocks[i + 1])]
    if (machine === undefined || path === undefined || more.length > 0) {
      throw new Error(`line ${line}: a file needs its machine and its path`)
    }
    return [{ kind: 'file', line, machine, path, content }]
  })
}

function commandStep({ line, words, content }: Block, next: Block | undefined): CommandStep {
  const [machine, ...marks] = words
  if (machine === undefined) throw new Error(`line ${line}: commands need their machine`)
  const unknown = marks.find((mark) => !/^(until|exit=\d+)$/.test(mark))
  if (unknown !== undefined) throw new Error(`line ${line}: nobody knows what ${unknown} means`)
  const [, exitCode = '0'] = /exit=(\d+)/.exec(marks.join(' ')) ?? []
  return {
    kind: 'commands',
    ...{ line, machine, commands: content },
    exitCode: Number(exitCode),
    isRepeated: marks.includes('until'),
    output: next?.language === 'text' ? next.content : undefined,
  }
}

function readBlocks(text: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly line: number; readonly info: string; readonly content: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, info] = /^```(.*)$/.exec(line) ?? []
    if (info === undefined) {
      open?.content.push(line)
    } else if (open === undefined) {
      open = { line: index + 1, info, content: [] }
    } else {
      const [language = '', ...words] = open.info.trim().split(/\s+/)
      blocks.push({ line: open.line, language, words, content: `${open.content.join('\n')}\n` })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: this block has no end`)
  return blocks
}

/** What a page links to, without what follows a `#`; addresses of the web left out. */
export function linksOf(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
}
