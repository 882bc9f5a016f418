import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Act } from '../../storage.ts'
import { CommitQueue } from './queue.ts'

const ACT = { changes: [], events: [] }
const workers: Worker[] = []

/** A thread that runs `onCommit` for each group, with `acts` and `answer(failures)` at hand. */
function startThread(onCommit: string): Worker {
  const code = `
    const { parentPort } = require('node:worker_threads')
    parentPort.postMessage({ kind: 'ready', clusterId: 'cluster' })
    parentPort.on('message', ({ kind, acts }) => {
      if (kind === 'close') return parentPort.close()
      const answer = (failures) => parentPort.postMessage({ kind: 'committed', failures })
      ${onCommit}
    })`
  const worker = new Worker(code, { eval: true })
  workers.push(worker)
  return worker
}

async function shut(queue: CommitQueue): Promise<void> {
  await queue.drain()
  await queue.end()
}

describe('commit queue', () => {
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.terminate()
  })

  it('groups the acts of one turn, and bounds the group', async () => {
    const worker = startThread('answer(acts.map(() => undefined))')
    const sizes: number[] = []
    const failures: unknown[] = []
    const queue = new CommitQueue(worker, {
      onGroup: (acts) => void sizes.push(acts),
      onFailed: (error) => void failures.push(error),
    })
    assert.equal(await queue.ready(), 'cluster')
    await queue.commit(ACT)
    await Promise.all(Array.from({ length: 300 }, () => queue.commit(ACT)))
    assert.deepEqual(sizes, [1, 128, 128, 44])
    await shut(queue)
    assert.deepEqual(failures, [], 'it was asked to end')
  })

  it('answers each act with its own outcome', async () => {
    const worker = startThread(`answer(acts.map((_, index) => index === 1
      ? { code: 'conflict', subject: 'bot "ci"', message: 'no', hint: 'wait', cause: new Error('why') }
      : undefined))`)
    const queue = new CommitQueue(worker)
    const [first, second, third] = [queue.commit(ACT), queue.commit(ACT), queue.commit(ACT)]
    await assert.rejects(second, {
      name: 'StoreError',
      code: 'conflict',
      subject: 'bot "ci"',
      message: 'no',
      hint: 'wait',
      cause: new Error('why'),
    })
    await Promise.all([first, third])
    await shut(queue)
  })

  it('tells of each durable act in order, before any of its group is answered', async () => {
    const order: string[] = []
    const name = (act: Act) => act.events[0]?.actor ?? ''
    const queue = new CommitQueue(
      startThread(`answer(acts.map(({ events: [{ actor }] }) => actor === 'b'
        ? { code: 'conflict', subject: '', message: 'no' }
        : undefined))`),
      { onCommitted: (act) => void order.push(`told ${name(act)}`) },
    )
    const commit = async (actor: string) => {
      const event = { time: 0, type: 'bot.renew', outcome: 'success', actor, address: '' } as const
      await queue.commit({ changes: [], events: [event] })
      order.push(`answered ${actor}`)
    }
    await Promise.allSettled(['a', 'b', 'c'].map(commit))
    assert.deepEqual(order, ['told a', 'told c', 'answered a', 'answered c'])
    await shut(queue)
  })

  it('fails the acts under way, those waiting and those after when the thread dies', async () => {
    const failures: string[] = []
    const queue = new CommitQueue(startThread(`throw new Error('broken')`), {
      onFailed: ({ message }) => void failures.push(message),
    })
    await queue.ready()
    const stopped = { code: 'unavailable', message: 'the writer of the store stopped: broken' }
    const acts = Array.from({ length: 200 }, () => queue.commit(ACT))
    await Promise.all(acts.map((act) => assert.rejects(act, stopped)))
    await assert.rejects(queue.commit(ACT), stopped)
    await shut(queue)
    assert.deepEqual(failures, [stopped.message], 'once')
  })

  it('fails them too when the thread ends without a word', async () => {
    const queue = new CommitQueue(startThread('process.exit(0)'))
    await assert.rejects(queue.commit(ACT), {
      code: 'unavailable',
      message: 'the writer of the store stopped',
      hint: 'restart mezhub',
    })
    await shut(queue)
  })

  it('refuses more when too many are waiting', async () => {
    const worker = startThread('')
    const queue = new CommitQueue(worker)
    await queue.ready()
    const waiting = Array.from({ length: 16_384 }, () => queue.commit(ACT))
    const settled = Promise.allSettled(waiting)
    await assert.rejects(queue.commit(ACT), { code: 'unavailable', message: /waiting already/ })
    await worker.terminate()
    const results = await settled
    assert.ok(results.every(({ status }) => status === 'rejected'))
  })
})
