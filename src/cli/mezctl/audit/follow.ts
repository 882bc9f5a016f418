/** `mezctl audit ls --follow`: over connections that break, and hubs that start anew. */
import { MINUTE, SECOND } from '../../../base/clock.ts'
import type { AdminClient } from '../../../client/admin-client.ts'
import type { Invocation } from '../../invocation.ts'
import type { OutputFormat } from '../../output-format.ts'
import { type CallOptions, type HubValues, withHub } from '../connection.ts'
import { isPassing, reasonOf } from '../out-of-touch.ts'
import { type FilterValues, filterOf } from './filter.ts'
import { type EventPrinter, followEvents } from './view.ts'

export interface FollowValues extends HubValues, FilterValues {
  readonly lines: number
  readonly format: OutputFormat
}

const FIRST_RETRY = SECOND
const LONGEST_RETRY = MINUTE / 4

export async function follow(values: FollowValues, invocation: Invocation): Promise<void> {
  const { clock, signal, stdout, stderr } = invocation
  const filter = filterOf(values, clock.now())
  const printer = followEvents(values.format, invocation)
  let position: Position | undefined
  let retry = FIRST_RETRY
  let isApart = false
  for (;;) {
    try {
      await withHub(values, invocation, async (hub, options) => {
        position ??= await begin(hub, filter, values.lines, printer, options)
        const request = { filter, after: position.after }
        for await (const { events } of hub.audit.followEvents(request, options)) {
          if (isApart) stderr.write('In touch with the hub again.\n')
          isApart = false
          retry = FIRST_RETRY
          printer.print(events)
          if (stdout.isClosed) return
          position = { after: events.at(-1)?.sequence ?? position.after }
        }
      })
      if (stdout.isClosed) return
      // The hub ended it in good order, as it does every hour: go on at once.
      await clock.sleep(FIRST_RETRY, signal)
    } catch (error) {
      if (signal.aborted) throw error
      // Of a hub that was never reached there is nothing to go on with.
      if (position === undefined || !isPassing(error)) throw error
      if (!isApart) stderr.write(`Out of touch with the hub, trying again: ${reasonOf(error)}\n`)
      isApart = true
      await clock.sleep(retry, signal)
      retry = Math.min(2 * retry, LONGEST_RETRY)
    }
  }
}

/** The last event that has been printed, or considered. */
interface Position {
  readonly after: bigint
}

/** Prints the last few that there are; what comes after them is to follow. */
async function begin(
  hub: AdminClient,
  filter: ReturnType<typeof filterOf>,
  lines: number,
  printer: EventPrinter,
  options: CallOptions,
): Promise<Position> {
  const { events: newest } = await hub.audit.listEvents({ pageSize: 1 }, options)
  const after = newest[0]?.sequence ?? 0n
  let before = after + 1n
  let found: typeof newest = []
  while (before !== 0n && found.length < lines) {
    const request = { filter, before, pageSize: lines - found.length }
    const page = await hub.audit.listEvents(request, options)
    found = [...found, ...page.events]
    before = page.nextBefore
  }
  printer.print(found.toReversed())
  return { after }
}
