/** `mezctl top` on a terminal: draws each snapshot, and again at each key and each new size. */
import type { Input, Invocation } from '../../invocation.ts'
import type { HubValues } from '../connection.ts'
import { type Contents, formatFrame, lastScroll } from './frame.ts'
import { openScreen } from './screen.ts'
import { FIRST_VIEW, pressed, readKeys, type View } from './view.ts'
import { watch } from './watch.ts'

export interface LiveOptions extends HubValues {
  readonly interval: number
  readonly limit: number
  readonly styles: boolean
  readonly signal: AbortSignal
}

/** Until a key ends it. @throws as `watch` */
export async function showLive(options: LiveOptions, invocation: Invocation): Promise<void> {
  const quitting = new AbortController()
  const signal = AbortSignal.any([options.signal, quitting.signal])
  let view: View = FIRST_VIEW
  let contents: Contents | undefined
  using screen = openScreen(invocation)
  const draw = () => {
    if (contents) screen.draw(formatFrame(contents, view, screen.size, options.styles))
  }
  const stopResizing = invocation.on('SIGWINCH', draw)
  void readTyped(invocation.stdin, (typed) => {
    for (const key of readKeys(typed)) {
      if (key === 'quit') quitting.abort()
      else if (contents) view = pressed(view, key, lastScroll(contents, view, screen.size))
    }
    if (!quitting.signal.aborted) draw()
  }).then(
    // A terminal that is gone has nobody before it.
    () => quitting.abort(),
    () => quitting.abort(),
  )
  try {
    screen.draw(['Asking the hub.'])
    await watch(
      {
        ...options,
        signal,
        onContents(newest) {
          contents = newest
          draw()
        },
      },
      invocation,
    )
  } catch (error) {
    if (!quitting.signal.aborted) throw error
  } finally {
    stopResizing()
  }
}

async function readTyped(stdin: Input, onTyped: (typed: string) => void): Promise<void> {
  for await (const chunk of stdin) {
    onTyped(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
  }
}
