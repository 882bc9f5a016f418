/** What the fuzzer has kept, replayed whole, and a short run from there with one seed. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { readCorpus, saveFinding } from './engine/corpus.ts'
import type { Job, Outcome } from './engine/job.ts'
import { runJobs } from './engine/run-jobs.ts'
import { TARGETS } from './targets/all.ts'

const NAMES = Object.keys(TARGETS)
const RUNS = 400

describe('every reader of what others wrote', () => {
  const outcomes = new Map(NAMES.map((name) => [name, Promise.withResolvers<Outcome>()]))

  before(async () => {
    const jobs = await Promise.all(NAMES.map(jobFor))
    void runJobs(jobs, (outcome) => outcomes.get(outcome.target)?.resolve(outcome)).then(() => {
      for (const { reject } of outcomes.values()) reject(new Error('an earlier one has ended it'))
    })
    for (const { promise } of outcomes.values()) promise.catch(() => {})
  })

  for (const name of NAMES) {
    it(`takes or refuses, by its rules: ${name}`, async () => {
      const outcome = await outcomes.get(name)?.promise
      assert.ok(outcome)
      const { finding, replayed } = outcome
      if (finding !== undefined) {
        const path = await saveFinding(name, finding.input)
        const base64 = Buffer.from(finding.input).toString('base64')
        assert.fail(
          `${finding.error}\ninput (base64): ${base64}\nnpm run fuzz -- ${name} --input=${path}`,
        )
      }
      assert.ok(replayed.accepted > 0, 'nothing in the corpus is good')
    })
  }
})

async function jobFor(target: string): Promise<Job> {
  return {
    ...{ target, corpus: await readCorpus(target), withSeeds: false, seed: 1, minimise: false },
    ...{ mostRuns: RUNS, mostSeconds: 5 },
  }
}
