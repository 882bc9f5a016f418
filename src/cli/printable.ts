/**
 * Escapes what a terminal would act on or show out of order: control characters (C0, C1, DEL),
 * line and paragraph separators, and invisible formatting characters such as the overrides of
 * direction. Everything that came from outside passes through here on its way to a person.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** The same for text of several lines: line feeds stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}
