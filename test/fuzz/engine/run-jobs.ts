/**
 * Runs fuzzing jobs in a thread of their own. An input on which it hangs, or takes all memory, is a
 * finding like any other.
 */
import { Worker } from 'node:worker_threads'
import type { Job, Outcome } from './job.ts'
import { announced, lastAnnounced, sharedInput } from './watched-input.ts'

const WORKER = new URL('./worker.ts', import.meta.url)
const LOOK_EACH_MS = 500
/** On a machine with other work too no input takes as long. */
const LONGEST_SILENCE_MS = 60_000
const LARGEST_HEAP_MB = 512

/** Tells of each outcome as it comes; the last may be that of a thread that had to be ended. */
export async function runJobs(
  jobs: readonly Job[],
  onOutcome: (outcome: Outcome) => void,
  longestSilenceMs = LONGEST_SILENCE_MS,
): Promise<void> {
  const shared = sharedInput()
  const worker = new Worker(WORKER, {
    workerData: { jobs, shared },
    resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP_MB },
  })
  const left = [...jobs]
  let seen = announced(shared)
  let seenAt = performance.now()
  const failed = (error: string) => {
    const [job] = left.splice(0)
    if (job === undefined) return
    const finding = { input: lastAnnounced(shared), error }
    const nothing = { executions: announced(shared), accepted: 0 }
    onOutcome({ target: job.target, ...nothing, replayed: nothing, corpus: [], finding })
  }
  const watch = setInterval(() => {
    const now = announced(shared)
    if (now !== seen) [seen, seenAt] = [now, performance.now()]
    if (performance.now() - seenAt < longestSilenceMs) return
    failed(`it does not end, not in ${longestSilenceMs} ms`)
    void worker.terminate()
  }, LOOK_EACH_MS)
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  worker.on('message', (outcome: Outcome) => {
    left.shift()
    onOutcome(outcome)
  })
  worker.on('error', (error) => failed(String(error)))
  worker.on('exit', () => resolve())
  await ended.finally(() => clearInterval(watch))
}
