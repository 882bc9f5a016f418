/**
 * A terminal that is drawn over and over: in its alternate screen, so that what stood there comes back
 * at the end. Lines don't wrap, the cursor is hidden, keys come at once.
 */
import type { Invocation } from '../../invocation.ts'
import type { Size } from './frame.ts'

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_REST = '\u001b[J'

/** Of a terminal that doesn't say. */
const STANDARD: Size = { columns: 80, rows: 24 }

export interface Screen extends Disposable {
  readonly size: Size
  draw(lines: readonly string[]): void
}

export function openScreen({ stdout, stdin }: Pick<Invocation, 'stdout' | 'stdin'>): Screen {
  stdin.setRawMode?.(true)
  stdout.write(ENTER)
  return {
    get size() {
      return {
        columns: stdout.columns || STANDARD.columns,
        rows: stdout.rows || STANDARD.rows,
      }
    },
    draw(lines) {
      stdout.write(
        `${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_REST}`,
      )
    },
    [Symbol.dispose]() {
      stdout.write(LEAVE)
      stdin.setRawMode?.(false)
    },
  }
}
