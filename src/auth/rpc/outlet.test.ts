import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { Metadata, status } from '@grpc/grpc-js'
import { AuthError } from '../errors.ts'
import { createOutlet, type Outlet, type StreamCall } from './outlet.ts'

interface Line {
  readonly outlet: Outlet<Buffer>
  /** What has been written, and how the call ended. */
  readonly seen: string[]
  /** The reader takes the message that is under way. */
  take(): void
  cancel(): void
}

/** A call whose reader takes a message only when told to. */
function openLine(limits?: { messages: number; bytes: number }): Line {
  const seen: string[] = []
  const taken: (() => void)[] = []
  class Call extends EventEmitter {
    cancelled = false
    write(message: Buffer, callback: () => void) {
      seen.push(message.toString())
      taken.push(callback)
      return true
    }
    end() {
      seen.push('end')
      return this
    }
  }
  const emitter = new Call()
  emitter.on('error', (error: { details: string }) => seen.push(error.details))
  // The part of a call that an outlet uses.
  const call = emitter as unknown as StreamCall
  const outlet = createOutlet(
    call,
    (error) => ({
      code: status.UNKNOWN,
      details: error instanceof AuthError ? error.code : String(error),
      metadata: new Metadata(),
    }),
    limits,
  )
  return {
    outlet,
    seen,
    take: () => taken.shift()?.(),
    cancel: () => emitter.emit('cancelled'),
  }
}

const send = ({ outlet }: Line, ...texts: readonly string[]) => {
  for (const text of texts) outlet.send(Buffer.from(text))
}

describe('an outlet', () => {
  it('writes one message at a time, in order, and ends after the last', () => {
    const line = openLine()
    send(line, 'a', 'b')
    line.outlet.end()
    send(line, 'too late')
    assert.deepEqual(line.seen, ['a'])
    line.take()
    line.take()
    assert.deepEqual(line.seen, ['a', 'b', 'end'])
    assert.ok(line.outlet.signal.aborted)
  })

  it('tells an error after what came before it', () => {
    const line = openLine()
    send(line, 'a', 'b')
    line.outlet.end(new AuthError('node-removed', ''))
    line.outlet.end()
    line.take()
    line.take()
    assert.deepEqual(line.seen, ['a', 'b', 'node-removed'])
  })

  it('cuts off a reader that falls behind, by messages and by bytes', () => {
    for (const limits of [
      { messages: 2, bytes: 1_000 },
      { messages: 1_000, bytes: 2 },
    ]) {
      const line = openLine(limits)
      send(line, 'a', 'b', 'c')
      assert.equal(line.outlet.signal.aborted, false)
      send(line, 'd')
      assert.equal(line.outlet.signal.aborted, true)
      line.take()
      assert.deepEqual(line.seen, ['a', 'stream-overrun'])
    }
  })

  it('lets a whole picture of any size pass', () => {
    const line = openLine({ messages: 1, bytes: 1 })
    send(line, 'a whole picture', 'and another')
    line.take()
    line.take()
    assert.deepEqual(line.seen, ['a whole picture', 'and another'])
  })

  it('unsubscribes when its reader leaves, and lets go of what waits', () => {
    const line = openLine()
    let subscriptions = 0
    const subscription = () => {
      subscriptions += 1
      return () => {
        subscriptions -= 1
      }
    }
    line.outlet.subscribe(subscription)
    assert.equal(subscriptions, 1)
    send(line, 'a', 'b')
    line.cancel()
    assert.equal(subscriptions, 0)
    line.outlet.subscribe(subscription)
    assert.equal(subscriptions, 0)
    line.take()
    assert.deepEqual(line.seen, ['a', 'end'])
  })

  it('unsubscribes from what ends it at once', () => {
    const line = openLine()
    let subscriptions = 0
    line.outlet.subscribe(() => {
      subscriptions += 1
      line.outlet.end()
      return () => {
        subscriptions -= 1
      }
    })
    assert.deepEqual([subscriptions, line.seen], [0, ['end']])
  })

  it('tells when nothing waits any more, or the stream is over', async () => {
    const line = openLine()
    await line.outlet.drained()
    send(line, 'a', 'b')
    const order: string[] = []
    const drained = line.outlet.drained().then(() => order.push('drained'))
    line.take()
    await Promise.resolve()
    order.push('one taken')
    line.take()
    await drained
    assert.deepEqual(order, ['one taken', 'drained'])
    send(line, 'c')
    const over = line.outlet.drained()
    line.cancel()
    await over
    await line.outlet.drained()
  })
})
