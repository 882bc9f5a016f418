/**
 * The ground of the end-to-end tests: real programs, real accounts, real files.
 *
 * Whatever these tests start or make is undone when its scope ends, when its test fails, and when
 * the process that runs the test ends for any reason that a process can notice. For the others a
 * child is bound to its parent's death (see child.ts), and accounts that a killed run left behind
 * are swept by the next one (see account.ts).
 */

type Undo = () => void

const pending = new Set<Undo>()
let installed = false

/**
 * Registers what must be undone at the latest when this process ends. `undo` is synchronous and may
 * find its work already done. Returns a function that does it now, once.
 */
export function undoAtExit(undo: Undo): Undo {
  if (!installed) install()
  pending.add(undo)
  return () => {
    if (pending.delete(undo)) undo()
  }
}

function install(): void {
  installed = true
  process.on('exit', undoAll)
  for (const [signal, status] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => process.exit(status))
  }
}

/** Last made, first undone; one failure doesn't keep the rest from being undone. */
function undoAll(): void {
  for (const undo of [...pending].reverse()) {
    pending.delete(undo)
    try {
      undo()
    } catch (error) {
      process.stderr.write(`clean-up: ${String(error)}\n`)
    }
  }
}
