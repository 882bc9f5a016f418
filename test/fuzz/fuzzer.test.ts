import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Job, Outcome } from './engine/job.ts'
import { runJobs } from './engine/run-jobs.ts'

const JOB: Job = {
  ...{ target: 'planted', corpus: [], withSeeds: true, seed: 1, minimise: false },
  ...{ mostRuns: 1_000_000, mostSeconds: 60 },
}

async function run(changes: Partial<Job>, longestSilenceMs = 60_000): Promise<Outcome> {
  const outcomes: Outcome[] = []
  await runJobs(
    [{ ...JOB, ...changes }],
    (outcome) => void outcomes.push(outcome),
    longestSilenceMs,
  )
  const [outcome, ...more] = outcomes
  assert.ok(outcome !== undefined && more.length === 0)
  return outcome
}

function replay(input: Buffer, longestSilenceMs?: number): Promise<Outcome> {
  return run({ corpus: [input], withSeeds: false, mostRuns: 0 }, longestSilenceMs)
}

describe('the fuzzer', () => {
  it('finds a planted defect step by step, and the least input that shows it', async () => {
    const outcome = await run({})
    assert.match(
      outcome.finding?.error ?? '',
      /^TypeError: a planted defect\n +at crash .*reader\.ts/,
    )
    assert.deepEqual(
      Buffer.from(outcome.finding?.input ?? []),
      Buffer.from('MEZ\x90\x99', 'latin1'),
    )
    assert.ok(outcome.executions < 500_000, 'blind guesses would need 2^40')
  })

  it('does the same again with the same seed', async () => {
    const some = { seed: 5, mostRuns: 20_000 }
    const [first, second] = [await run(some), await run(some)]
    assert.ok(first.corpus.length > 1)
    assert.deepEqual(second, first)
  })

  it('names the input on which a reader hangs', async () => {
    const hanging = Buffer.from('MEZgo on')
    const { finding } = await replay(hanging, 2_000)
    assert.match(finding?.error ?? '', /does not end/)
    assert.deepEqual(finding?.input, hanging)
  })

  it('names the input on which a reader takes all memory', async () => {
    const greedy = Buffer.from('MEZfill up')
    const { finding } = await replay(greedy)
    assert.match(finding?.error ?? '', /memory/)
    assert.deepEqual(finding?.input, greedy)
  })

  it('keeps of two inputs that reach the same the shorter one, cut down', async () => {
    const corpus = ['MEZ a long one', 'MEZ short'].map((text) => Buffer.from(text))
    const { corpus: kept } = await run({ corpus, withSeeds: false, mostRuns: 0, minimise: true })
    assert.deepEqual(
      kept.map((input) => Buffer.from(input).toString()),
      ['MEZ'],
    )
  })
})
