/**
 * PostgreSQL's text holds no NUL, and a client of ours may send one. DLE, which nobody writes, escapes
 * it and itself, so that whatever text was stored is read back.
 */
const DLE = '\u0010'

export function storedText(text: string): string {
  if (!text.includes('\0') && !text.includes(DLE)) return text
  return text.replaceAll(DLE, `${DLE}d`).replaceAll('\0', `${DLE}n`)
}

export function readText(stored: string): string {
  if (!stored.includes(DLE)) return stored
  return stored.replaceAll(`${DLE}n`, '\0').replaceAll(`${DLE}d`, DLE)
}
