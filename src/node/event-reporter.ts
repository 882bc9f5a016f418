import { MINUTE, SECOND } from '../base/clock.ts'
import type { Waker } from '../base/waker.ts'
import { HubError, patienceAskedBy } from '../client/identity-hub.ts'
import { retryDelay } from '../identity/schedule.ts'
import type { CurrentIdentity } from './current-identity.ts'
import type { EventQueue, QueuedEvent } from './event-queue.ts'
import { credentialOf } from './node-identity.ts'
import type { NodeObserver } from './node-observer.ts'
import { callOptions } from './node-renewer.ts'
import type { NodeParameters } from './parameters.ts'
import type { NodePorts } from './ports.ts'

export interface EventReporterOptions {
  readonly ports: Pick<NodePorts, 'hub' | 'clock' | 'random'>
  readonly parameters: Pick<NodeParameters, 'authServer' | 'trust'>
  readonly signal: AbortSignal
  readonly observer: NodeObserver
  readonly current: CurrentIdentity
  readonly queue: EventQueue
  /** Rung when the queue has something new. */
  readonly waker: Waker
}

const LONGEST_PAUSE_MS = 15 * SECOND

/** Brings the queue's events to the hub, in their order, until the signal is aborted. */
export async function reportEvents(options: EventReporterOptions): Promise<void> {
  const { ports, signal, observer, queue, waker } = options
  let failures = 0
  let isOneByOne = false
  while (!signal.aborted) {
    try {
      const batch = (await queue.next()).slice(0, isOneByOne ? 1 : undefined)
      if (batch.length === 0) {
        await waker.wait(MINUTE, signal)
        continue
      }
      isOneByOne = (await report(options, batch)) === 'refused'
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      const retryInMs = Math.max(
        Math.min(LONGEST_PAUSE_MS, retryDelay(failures, 0, ports.random)),
        patienceAskedBy(error) ?? 0,
      )
      failures += 1
      observer.onFailure({ what: 'report', error, retryInMs })
      await ports.clock.sleep(retryInMs, signal).catch(() => undefined)
    }
  }
}

/** An event that the hub will never take must not keep the others from it. */
async function report(
  { ports, parameters, signal, current, queue, observer }: EventReporterOptions,
  batch: readonly QueuedEvent[],
): Promise<'taken' | 'refused'> {
  const identity = current.value
  const events = batch.map(({ event }) => event)
  try {
    const options = callOptions({ parameters, signal }, identity)
    await ports.hub.reportSessions(credentialOf(identity), events, options)
  } catch (error) {
    if (!isFinalForEvents(error)) throw error
    if (batch.length > 1) return 'refused'
    observer.onFailure({ what: 'report', error, retryInMs: undefined })
  }
  await queue.remove(batch.map(({ name }) => name))
  return 'taken'
}

/** Whether the hub will never take these events. */
function isFinalForEvents(error: unknown): boolean {
  return (
    error instanceof HubError && error.code === 'refused' && error.hubCode === 'invalid-request'
  )
}
