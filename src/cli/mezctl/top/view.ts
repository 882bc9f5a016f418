/** What whoever watches has chosen, and how keys change it. */

export const PANES = ['RENEWALS', 'FAILURES', 'SESSIONS', 'LOCKS'] as const

export interface View {
  /** Which list, counted from 0. */
  readonly focus: number
  /** How many rows of it are above what is shown. */
  readonly scroll: number
}

export const FIRST_VIEW: View = { focus: 0, scroll: 0 }

export type Key = 'quit' | 'next' | 'previous' | 'up' | 'down'

/** As terminals send them; arrows in both of their forms. */
const KEYS: Readonly<Record<string, Key>> = {
  q: 'quit',
  Q: 'quit',
  '\u0003': 'quit',
  '\u0004': 'quit',
  '\t': 'next',
  '\u001b[C': 'next',
  '\u001bOC': 'next',
  '\u001b[Z': 'previous',
  '\u001b[D': 'previous',
  '\u001bOD': 'previous',
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  k: 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  j: 'down',
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals send
const SEQUENCE = /\u001b(?:O.|\[[0-9;?]*[@-~])|./gsu

/** What was typed, in its order; what means nothing is left out. */
export function readKeys(typed: string): readonly Key[] {
  return [...typed.matchAll(SEQUENCE)].flatMap(([sequence]) => KEYS[sequence] ?? [])
}

/** @param lastScroll of the list in focus */
export function pressed(view: View, key: Key, lastScroll: number): View {
  const turn = (by: number): View => ({
    focus: (view.focus + by + PANES.length) % PANES.length,
    scroll: 0,
  })
  switch (key) {
    case 'next':
      return turn(1)
    case 'previous':
      return turn(-1)
    case 'up':
      return { ...view, scroll: Math.max(0, Math.min(view.scroll, lastScroll) - 1) }
    case 'down':
      return { ...view, scroll: Math.min(view.scroll + 1, lastScroll) }
    case 'quit':
      return view
  }
}
