import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { MUTANTS } from './mutants/mutants.ts'
import { ExplorerThread } from './thread.ts'
import { NO_THIEF } from './world.ts'

describe('the exploration finds out', () => {
  const thread = new ExplorerThread()
  after(() => thread[Symbol.asyncDispose]())

  for (const mutant of MUTANTS) {
    const { name, kind = 'bot', breaks, knowsToken = false, lastGeneration = 2, budget } = mutant
    it(name, async () => {
      const thief = knowsToken ? { ...NO_THIEF, knowsToken } : undefined
      const scope = { name, kinds: [kind], budget, lastGeneration, states: 0, thief }
      const { counterexample } = await thread.explore(kind, scope, name)
      assert.equal(counterexample?.property, breaks)
    })
  }
})
