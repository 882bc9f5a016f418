/** Work that takes time and may fail, as an observer is told of it. Calls must not throw. */
export interface ActivityObserver<Activity extends string> {
  onBegin(activity: Activity): void
  /** `error` is undefined where it was done. */
  onEnd(activity: Activity, error: unknown): void
}

/** Does it, and tells. @throws what `act` throws */
export async function during<Activity extends string, Result>(
  observer: ActivityObserver<Activity>,
  activity: Activity,
  act: () => Promise<Result>,
): Promise<Result> {
  observer.onBegin(activity)
  try {
    const result = await act()
    observer.onEnd(activity, undefined)
    return result
  } catch (error) {
    observer.onEnd(activity, error)
    throw error
  }
}
