/** The text of a systemd unit. */

/** A line `KEY=VALUE`, a comment, or nothing. */
export type UnitLine = readonly [key: string, value: string] | string | undefined

export interface UnitSection {
  readonly name: 'Unit' | 'Service' | 'Install'
  readonly lines: readonly UnitLine[]
}

/** @throws Error for a value that would be another line */
export function formatUnit(sections: readonly UnitSection[]): string {
  return sections
    .map(({ name, lines }) => {
      const told = lines.filter((line) => line !== undefined).map(formatLine)
      return [`[${name}]`, ...told, ''].join('\n')
    })
    .join('\n')
}

function formatLine(line: string | readonly [string, string]): string {
  const text = typeof line === 'string' ? `# ${line}` : `${line[0]}=${line[1]}`
  if (/\p{Cc}/u.test(text)) throw new Error('a unit has no place for control characters')
  return text
}

/** One word of a command line, as systemd.service(5) and systemd.syntax(7) read it. */
export function unitWord(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  if (/^[\w@%+=:,./$-]+$/.test(escaped)) return escaped
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** A path as the value of a setting. */
export function unitPath(path: string): string {
  return path.replaceAll('%', '%%')
}

/** One of several paths in a value. */
export function unitPaths(paths: readonly string[]): string {
  return paths
    .map((path) => (/[\s"'\\]/.test(path) ? `"${path.replaceAll(/["\\]/g, '\\$&')}"` : path))
    .map(unitPath)
    .join(' ')
}
