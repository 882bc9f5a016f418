/** The key that `text` was most likely meant to be, or undefined when none is near. */
export function nearestKey(text: string, keys: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(text.length / 3))
  let nearest: string | undefined
  let distance = limit + 1
  for (const key of keys) {
    const candidate = editDistance(text.toLowerCase(), key.toLowerCase())
    if (candidate < distance) {
      nearest = key
      distance = candidate
    }
  }
  return nearest
}

/** Levenshtein's distance: the insertions, deletions and substitutions from one text to another. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= to.length; j++) {
      const substituted = at(row, j - 1) + (character === to[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, at(row, j) + 1, at(next, j - 1) + 1))
    }
    row = next
  }
  return at(row, to.length)
}

const at = (row: readonly number[], i: number): number => row[i] ?? Number.POSITIVE_INFINITY
