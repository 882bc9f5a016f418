/**
 * Whether an output is the one that a page shows. A page has samples where every run has others:
 * times, tokens, identifiers, addresses. Those are recognised by their form, and what a sample
 * stood for is learnt, so that a later command of the page can name it.
 */

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** Each form with what it may be in reality; the first that fits is taken. */
const FORMS: readonly (readonly [form: string, reality: string])[] = [
  ['tok-(?:bot|node)-[a-z0-9]+', 'tok-(?:bot|node)-[a-z2-7]{56}'],
  ['AAAA[A-Za-z0-9+/]{40,}=*', 'AAAA[A-Za-z0-9+/]{40,}=*'],
  ['\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z', '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z'],
  ['\\d{12}Z', '\\d{12}Z'],
  [UUID, UUID],
  ['\\d{8,}', '\\d{8,}'],
  ['[0-9a-f]{12,}', '[0-9a-f]{12,}'],
  ['pid \\d+', 'pid \\d+'],
  ['\\d{1,3}(?:\\.\\d{1,3}){3}(?!/)', '\\d{1,3}(?:\\.\\d{1,3}){3}'],
  ['\\d+\\.\\d+p\\d+', '\\d+\\.\\d+(?:p\\d+)?'],
  ['(?:\\d+h)?(?:\\d+m)?\\d+s', '(?:\\d+h)?(?:\\d+m)?\\d+s'],
]

const TOKENIZER = new RegExp(
  `(?<![\\w.-])(?:${FORMS.map(([form]) => `(${form})`).join('|')})(?![\\w-])|…|\\s+`,
  'gu',
)

/** What samples of a page have stood for. */
export type Samples = ReadonlyMap<string, string>

/**
 * Compares line by line. Runs of blanks are alike, `…` is anything within a line, and a line that
 * holds nothing else is any number of lines.
 *
 * @returns what each sample stood for, or undefined where the output is another
 */
export function matchOutput(shown: string, real: string, known: Samples): Samples | undefined {
  const samples: string[] = []
  const lines = shown.trimEnd().split('\n')
  const source = lines
    .map((line) => {
      if (line.trim() === '…') return '(?:.*\\n)*?'
      return `${linePattern(line, samples, known)}[ \\t]*\\n`
    })
    .join('')
  const match = new RegExp(`^${source}$`, 'u').exec(`${real.trimEnd()}\n`)
  if (match === null) return undefined
  return new Map(samples.map((sample, i) => [sample, match[i + 1] ?? '']))
}

function linePattern(line: string, samples: string[], known: Samples): string {
  let pattern = ''
  let end = 0
  for (const match of line.trimEnd().matchAll(TOKENIZER)) {
    const [text, ...groups] = match
    pattern += escaped(line.slice(end, match.index))
    end = match.index + text.length
    const form = FORMS[groups.findIndex((group) => group !== undefined)]
    if (form !== undefined) pattern += samplePattern(text, form[1], samples, known)
    else pattern += text === '…' ? '.*' : '[ \\t]+'
  }
  return pattern + escaped(line.trimEnd().slice(end))
}

/** A token or an identifier is the same wherever the page shows it. */
function samplePattern(text: string, reality: string, samples: string[], known: Samples): string {
  const before = isIdentifier(text) ? known.get(text) : undefined
  if (before !== undefined) return escaped(before)
  samples.push(text)
  return `(${reality})`
}

function isIdentifier(sample: string): boolean {
  return /^(tok-|AAAA)/.test(sample) || new RegExp(`^(?:${UUID}|[0-9a-f]{12,})$`).test(sample)
}

/** The text with what its samples have stood for. */
export function withSamples(text: string, known: Samples): string {
  return [...known]
    .filter(([sample]) => isIdentifier(sample))
    .reduce((done, [sample, real]) => done.replaceAll(sample, real), text)
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
