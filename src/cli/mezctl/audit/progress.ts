import type { Invocation } from '../../invocation.ts'

/** One line on a terminal that says how far it is; nothing elsewhere. */
export interface Progress {
  show(text: string): void
  /** Takes the line away. */
  clear(): void
}

/** So many milliseconds at least between two looks of it. */
const PACE = 200

export function createProgress({ stderr, clock }: Invocation): Progress {
  let shownAt = Number.NEGATIVE_INFINITY
  let isShown = false
  return {
    show(text) {
      if (!stderr.isTerminal || clock.monotonic() - shownAt < PACE) return
      shownAt = clock.monotonic()
      isShown = true
      stderr.write(`\r\u001b[K${text}`)
    },
    clear() {
      if (isShown) stderr.write('\r\u001b[K')
      isShown = false
    },
  }
}
