import type { DaemonObserver } from '../../../identity/observer.ts'

/** One observer for several, each of which listens to what it likes. */
export function tellAll(observers: readonly Partial<DaemonObserver>[]): DaemonObserver {
  return {
    onBegin: (activity) => {
      for (const it of observers) it.onBegin?.(activity)
    },
    onEnd: (activity, error) => {
      for (const it of observers) it.onEnd?.(activity, error)
    },
    onPublished: (published) => {
      for (const it of observers) it.onPublished?.(published)
    },
    onFailure: (failure) => {
      for (const it of observers) it.onFailure?.(failure)
    },
    onReadiness: (readiness) => {
      for (const it of observers) it.onReadiness?.(readiness)
    },
    onCondition: (condition, hubNow) => {
      for (const it of observers) it.onCondition?.(condition, hubNow)
    },
    onWarning: (warning) => {
      for (const it of observers) it.onWarning?.(warning)
    },
  }
}
