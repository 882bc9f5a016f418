import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HubChoice } from './hub-choice.ts'
import { HubError } from './identity-hub.ts'

const all = { host: 'hub', port: 1, others: [2, 3].map((port) => ({ host: 'hub', port })) }

/** Asks through it; those that are down don't answer. Returns the port that was asked. */
async function ask(choice: HubChoice, down: readonly number[], code = 'unreachable' as const) {
  let asked = 0
  const chosen = choice.of(all)
  await choice
    .attempt(all, chosen, async () => {
      asked = chosen.port
      if (down.includes(chosen.port)) throw new HubError(code, 'no answer')
    })
    .catch(() => {})
  return asked
}

describe('HubChoice', () => {
  it('stays with one that answers, and goes round those that do not', async () => {
    const choice = new HubChoice()
    assert.deepEqual([await ask(choice, []), await ask(choice, [])], [1, 1])
    assert.deepEqual([await ask(choice, [1, 2]), await ask(choice, [1, 2])], [1, 2])
    assert.deepEqual([await ask(choice, [1, 2]), await ask(choice, [3])], [3, 3])
    assert.equal(await ask(choice, []), 1)
  })

  it('moves once for calls that failed together', async () => {
    const choice = new HubChoice()
    await Promise.all([ask(choice, [1]), ask(choice, [1]), ask(choice, [1])])
    assert.equal(choice.of(all).port, 2)
  })

  it('stays where a hub has refused', async () => {
    const choice = new HubChoice()
    const refusal = new HubError('refused', 'no', { hubCode: 'locked' })
    await assert.rejects(choice.attempt(all, all, () => Promise.reject(refusal)))
    assert.equal(choice.of(all).port, 1)
  })

  it('asks each once for what changes nothing', async () => {
    const choice = new HubChoice()
    const asked: number[] = []
    const call = async ({ port }: { readonly port: number }) => {
      asked.push(port)
      if (port !== 3) throw new HubError('unreachable', 'no answer')
      return port
    }
    assert.equal(await choice.askEach(all, call), 3)
    assert.deepEqual(asked, [1, 2, 3])
    const down = async () => Promise.reject(new HubError('unreachable', 'no answer'))
    await assert.rejects(choice.askEach(all, down), { code: 'unreachable' })
  })
})
