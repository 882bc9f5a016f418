/**
 * `npm run fuzz -- [TARGET…] [--seconds N] [--seed N] [--input FILE]`: fuzzes what is named, or all,
 * and keeps in `corpus/` what it has learned. With a finding it ends with 1.
 */
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { readCorpus, saveFinding, writeCorpus } from './engine/corpus.ts'
import type { Job, Outcome } from './engine/job.ts'
import { runJobs } from './engine/run-jobs.ts'
import { TARGETS } from './targets/all.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    input: { type: 'string' },
  },
})
const names = positionals.length > 0 ? positionals : Object.keys(TARGETS)
const seed = Number(values.seed ?? randomInt(2 ** 32))

for (const target of names) {
  if (values.input === undefined) await fuzz(target)
  else await replay(target, values.input)
}

async function fuzz(target: string): Promise<void> {
  const before = await readCorpus(target)
  await runJobs(
    [
      {
        ...{ target, corpus: before, withSeeds: true, seed, minimise: true },
        mostRuns: Number.POSITIVE_INFINITY,
        mostSeconds: Number(values.seconds),
      },
    ],
    (outcome) => void print(outcome),
  )
}

async function replay(target: string, path: string): Promise<void> {
  const job: Job = {
    ...{ target, corpus: [await readFile(path)], withSeeds: false, seed, minimise: false },
    ...{ mostRuns: 0, mostSeconds: 0 },
  }
  await runJobs([job], (outcome) => void print(outcome))
}

async function print(outcome: Outcome): Promise<void> {
  const { target, executions, accepted, corpus, finding } = outcome
  const share = Math.round((100 * accepted) / executions)
  process.stdout.write(
    `${target}: ${executions} inputs, ${share} % accepted, ${corpus.length} kept, seed ${seed}\n`,
  )
  if (finding === undefined) {
    if (values.input === undefined) await writeCorpus(target, corpus)
    return
  }
  process.exitCode = 1
  const path = await saveFinding(target, finding.input)
  process.stdout.write(
    `${finding.error}\nits input, ${finding.input.length} bytes, is in ${path}; once more:\n` +
      `  npm run fuzz -- ${target} --input=${path}\n`,
  )
}
