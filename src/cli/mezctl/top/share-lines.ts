/** A title, a header, a row. */
const LEAST = 3

/**
 * Shares the lines of a terminal among lists. Each gets what it needs to be worth a look, then the one
 * in focus as much as it wants, then the others by turns. Where there is too little for all, the one in
 * focus has everything.
 *
 * @param wants how many lines each could use
 */
export function shareLines(
  lines: number,
  wants: readonly number[],
  focus: number,
): readonly number[] {
  const least = wants.map((want) => Math.min(want, LEAST))
  const needed = least.reduce((sum, each) => sum + each, 0)
  if (needed > lines) return wants.map((want, i) => (i === focus ? Math.min(want, lines) : 0))
  const shares = [...least]
  let left = lines - needed
  const give = (index: number, most: number) => {
    const more = Math.min(most, left, (wants[index] ?? 0) - (shares[index] ?? 0))
    shares[index] = (shares[index] ?? 0) + more
    left -= more
    return more
  }
  give(focus, left)
  while (left > 0 && wants.reduce((given, _, i) => given + give(i, 1), 0) > 0);
  return shares
}
