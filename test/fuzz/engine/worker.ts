/** The thread in which the targets run. The one that started it sees when it doesn't get on. */
import { parentPort, workerData } from 'node:worker_threads'
import { findTarget } from '../targets/all.ts'
import { type Finding, Fuzzer } from './fuzzer.ts'
import type { Job, Outcome } from './job.ts'
import { announcer } from './watched-input.ts'

const { jobs, shared }: { readonly jobs: readonly Job[]; readonly shared: SharedArrayBuffer } =
  workerData

const announce = announcer(shared)
for (const job of jobs) parentPort?.postMessage(await runJob(job))

async function runJob(job: Job): Promise<Outcome> {
  const target = await findTarget(job.target)
  using fuzzer = new Fuzzer({ target, seed: job.seed, announce })
  const isTimeLeft = within(job.mostSeconds)
  const seeds = job.withSeeds ? await target.seeds() : []
  let finding: Finding | undefined
  for (const input of [...job.corpus, ...seeds]) finding ??= await fuzzer.add(Buffer.from(input))
  const replayed = { executions: fuzzer.executions, accepted: fuzzer.accepted }
  finding ??= await fuzzer.run((executions) => executions < job.mostRuns && isTimeLeft())
  if (finding !== undefined) finding = await fuzzer.shrink(finding)
  if (job.minimise) await fuzzer.minimise(within(job.mostSeconds / 2))
  await target.close?.()
  const { executions, accepted, corpus } = fuzzer
  const error = finding && describe(finding.error)
  return {
    target: job.target,
    ...{ executions, accepted, replayed, corpus },
    finding: finding && { input: finding.input, error: error ?? '' },
  }
}

function within(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1_000
  return () => performance.now() < end
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error)
}
