/** SECURITY.md as promises: each paragraph says what holds, and names the tests that hold it. */

export interface Promised {
  /** How it begins. */
  readonly text: string
  /** Paths from the root. */
  readonly tests: readonly string[]
}

/** Its heading says that it holds no promises. */
const WITHOUT_PROMISES = ['# Security', '## What is worth protecting']

export function readPromises(markdown: string): readonly Promised[] {
  const sections = markdown.split(/^(?=#)/m)
  return sections
    .filter((section) => !WITHOUT_PROMISES.some((heading) => section.startsWith(`${heading}\n`)))
    .flatMap((section) => section.split('\n\n').map((paragraph) => paragraph.trim()))
    .filter((paragraph) => paragraph !== '' && !paragraph.startsWith('#'))
    .map((paragraph) => ({
      text: paragraph.replaceAll(/\s+/g, ' ').slice(0, 80),
      tests: [...paragraph.matchAll(/`((?:src|test|scripts)\/[^`\s]*)`/g)].map(
        ([, path = '']) => path,
      ),
    }))
}

/** What is wrong with them, a line each. */
export function judgePromises(
  promises: readonly Promised[],
  exists: (path: string) => boolean,
): readonly string[] {
  return promises.flatMap(({ text, tests }) => [
    ...(tests.length === 0 ? [`no test holds it: ${text}`] : []),
    ...tests.filter((path) => !exists(path)).map((path) => `there is no ${path}: ${text}`),
  ])
}
