/**
 * Group commit. Acts that arrive while the writer is at work, or within one turn of the event loop,
 * form the next group; each is answered when its group is durable.
 */
import type { Worker } from 'node:worker_threads'
import { messageOf } from '../../../base/errors.ts'
import { type Act, StoreError } from '../../storage.ts'
import { type Failure, type FromWriter, fromFailure, type ToWriter } from './messages.ts'
import { closedError } from './sqlite-error.ts'

/** Past this a larger group saves little and keeps its first act waiting. */
const LARGEST_GROUP = 128

/** A disk that hangs must not fill the memory. */
const LONGEST_QUEUE = 16_384

/** What a queue tells of its work. Calls must not throw. */
export interface QueueListener {
  /** An act that is durable, in the order of the commits, before its `commit` resolves. */
  onCommitted?(act: Act): void
  /** A group of so many acts that was written, or refused, in one transaction. */
  onGroup?(acts: number): void
  /** No act will be taken any more, although nobody asked for that. */
  onFailed?(error: StoreError): void
}

interface Pending {
  readonly act: Act
  readonly done: PromiseWithResolvers<void>
}

export class CommitQueue {
  readonly #worker: Worker
  readonly #listener: QueueListener
  readonly #exited: Promise<void>
  readonly #ready = Promise.withResolvers<string>()
  #waiting: Pending[] = []
  #underWay: readonly Pending[] = []
  #scheduled = false
  /** Why no more acts are taken. */
  #ended: StoreError | undefined

  /** @param worker a thread that speaks `FromWriter` and `ToWriter`, just started */
  constructor(worker: Worker, listener: QueueListener = {}) {
    this.#worker = worker
    this.#listener = listener
    worker.on('message', (message: FromWriter) => this.#receive(message))
    worker.on('error', (error) => this.#fail(stoppedError(error)))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#fail(stoppedError())
        resolve()
      })
    })
  }

  /** Resolves to the cluster's identifier once the database is open. @throws StoreError */
  ready(): Promise<string> {
    return this.#ready.promise
  }

  /** Resolves when the act is durable. @throws StoreError */
  async commit(act: Act): Promise<void> {
    if (this.#ended) throw this.#ended
    if (this.#waiting.length >= LONGEST_QUEUE) {
      throw new StoreError('unavailable', 'store', `${LONGEST_QUEUE} acts are waiting already`, {
        hint: 'the disk of the store is too slow for this load, or it hangs',
      })
    }
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ act, done })
    this.#schedule()
    return done.promise
  }

  /** Takes no more acts, and waits for those taken. */
  async drain(): Promise<void> {
    this.#ended ??= closedError()
    const taken = [...this.#underWay, ...this.#waiting]
    await Promise.allSettled(taken.map(({ done }) => done.promise))
  }

  /** After `drain`: ends the thread, which closes its connection. */
  async end(): Promise<void> {
    this.#worker.postMessage({ kind: 'close' } satisfies ToWriter)
    await this.#exited
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve(message.clusterId)
        break
      case 'failed':
        this.#fail(fromFailure(message.failure))
        break
      case 'committed':
        this.#answer(message.failures)
        this.#schedule()
        break
    }
  }

  #answer(failures: readonly (Failure | undefined)[]): void {
    const group = this.#underWay
    this.#underWay = []
    this.#listener.onGroup?.(group.length)
    for (const [index, { act, done }] of group.entries()) {
      const failure = failures[index]
      if (failure) {
        done.reject(fromFailure(failure))
      } else {
        this.#listener.onCommitted?.(act)
        done.resolve()
      }
    }
  }

  /** Not at once: those whose acts were just answered send the next in this turn of the loop. */
  #schedule(): void {
    if (this.#scheduled || this.#underWay.length > 0 || this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  #send(): void {
    const group = this.#waiting.splice(0, LARGEST_GROUP)
    if (group.length === 0) return
    this.#underWay = group
    const acts = group.map(({ act }) => act)
    this.#worker.postMessage({ kind: 'commit', acts } satisfies ToWriter)
  }

  /** The thread is gone, or never came up: what it was given may or may not be applied. */
  #fail(error: StoreError): void {
    if (this.#ended === undefined) this.#listener.onFailed?.(error)
    this.#ended ??= error
    this.#ready.reject(error)
    for (const { done } of [...this.#underWay, ...this.#waiting]) done.reject(error)
    this.#underWay = []
    this.#waiting = []
  }
}

function stoppedError(cause?: unknown): StoreError {
  const reason = cause === undefined ? '' : `: ${messageOf(cause)}`
  return new StoreError('unavailable', 'store', `the writer of the store stopped${reason}`, {
    hint: 'restart mezhub',
    cause,
  })
}
