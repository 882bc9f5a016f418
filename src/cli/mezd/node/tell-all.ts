import type { NodeObserver } from '../../../node/node-observer.ts'

/** One observer for several, each of which listens to what it likes. */
export function tellAll(observers: readonly Partial<NodeObserver>[]): NodeObserver {
  return {
    onBegin: (activity) => {
      for (const it of observers) it.onBegin?.(activity)
    },
    onEnd: (activity, error) => {
      for (const it of observers) it.onEnd?.(activity, error)
    },
    onRunning: (agent) => {
      for (const it of observers) it.onRunning?.(agent)
    },
    onIdentity: (event) => {
      for (const it of observers) it.onIdentity?.(event)
    },
    onConnection: (connection) => {
      for (const it of observers) it.onConnection?.(connection)
    },
    onApplied: (applied) => {
      for (const it of observers) it.onApplied?.(applied)
    },
    onSession: (event) => {
      for (const it of observers) it.onSession?.(event)
    },
    onFailure: (failure) => {
      for (const it of observers) it.onFailure?.(failure)
    },
    onWarning: (message) => {
      for (const it of observers) it.onWarning?.(message)
    },
  }
}
