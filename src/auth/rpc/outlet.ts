/**
 * The sending end of a stream, with a bounded queue: a reader that falls behind is cut off, and
 * begins anew with a whole picture, which costs the hub less than all that it has missed.
 */
import type { ServerWritableStream } from '@grpc/grpc-js'
import { AuthError } from '../errors.ts'
import type { ErrorReply } from './status.ts'

export interface Outlet<Message> {
  /** Aborted once the stream has ended, whoever ended it. Nothing is sent from then on. */
  readonly signal: AbortSignal
  readonly send: (message: Message) => void
  /** Sends what waits, then the error. Without one, the reader may connect again at once. */
  readonly end: (error?: unknown) => void
  /** Resolves when nothing waits to be sent, or the stream has ended. */
  readonly drained: () => Promise<void>
  /** Subscribes to what is sent, until the stream ends; not at all when it has. */
  readonly subscribe: (subscription: () => () => void) => void
}

/** What may wait behind the message that is on its way to the reader. */
export interface QueueLimits {
  readonly messages: number
  readonly bytes: number
}

export const QUEUE_LIMITS: QueueLimits = { messages: 1_024, bytes: 1024 * 1024 }

export type StreamCall = Pick<
  ServerWritableStream<Buffer, Buffer>,
  'write' | 'end' | 'emit' | 'once' | 'cancelled'
>

/** @param replyTo makes the reply of an error */
export function createOutlet(
  call: StreamCall,
  replyTo: (error: unknown) => ErrorReply,
  limits: QueueLimits = QUEUE_LIMITS,
): Outlet<Buffer> {
  const ended = new AbortController()
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let isWriting = false
  let ending: ErrorReply | undefined
  let drains: (() => void)[] = []

  /** One message at a time, so that the queue is ours: a written one can't be taken back. */
  function writeNext(): void {
    const message = waiting.shift()
    if (message === undefined) {
      letGo()
      if (ended.signal.aborted) finish()
      return
    }
    waitingBytes -= message.length
    isWriting = true
    call.write(message, () => {
      isWriting = false
      writeNext()
    })
  }

  function finish(): void {
    if (ending) call.emit('error', ending)
    else call.end()
  }

  function letGo(): void {
    for (const resolve of drains) resolve()
    drains = []
  }

  function drop(): void {
    letGo()
    waiting = []
    waitingBytes = 0
  }

  function end(error?: unknown): void {
    if (ended.signal.aborted) return
    ending = error === undefined ? undefined : replyTo(error)
    ended.abort()
    if (!isWriting) writeNext()
  }

  const leave = () => {
    ended.abort()
    drop()
  }
  if (call.cancelled) leave()
  call.once('cancelled', leave)

  return {
    signal: ended.signal,
    send(message) {
      if (ended.signal.aborted) return
      const isFull =
        waiting.length >= limits.messages || waitingBytes + message.length > limits.bytes
      if (isWriting && waiting.length > 0 && isFull) {
        drop()
        end(fellBehind())
        return
      }
      waiting.push(message)
      waitingBytes += message.length
      if (!isWriting) writeNext()
    },
    end,
    drained: () => {
      if (!isWriting || ended.signal.aborted) return Promise.resolve()
      return new Promise((resolve) => drains.push(resolve))
    },
    subscribe(subscription) {
      if (ended.signal.aborted) return
      const unsubscribe = subscription()
      if (ended.signal.aborted) unsubscribe()
      else ended.signal.addEventListener('abort', unsubscribe)
    },
  }
}

function fellBehind(): AuthError {
  return new AuthError('stream-overrun', 'the reader of this stream has fallen too far behind', {
    hint: 'connect again for the whole picture; is the machine or its network overloaded?',
  })
}
