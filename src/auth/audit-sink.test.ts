import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addEvents, tamper } from '../../test/fakes/audit-events.ts'
import { openTestAuth, type TestAuth } from '../../test/fakes/auth.ts'
import { systemClock } from '../base/clock.ts'
import { createAuditFileVerifier } from './audit-file.ts'
import { parseLogLine } from './audit-lines.ts'
import { type AuditSink, createAuditSink, type SinkObserver, type SinkPlace } from './audit-sink.ts'

/** A place in memory, that can be full, put aside, or cut off in the middle of a line. */
class FakePlace implements SinkPlace {
  readonly description = 'memory'
  readonly begins: SinkPlace['begins']
  text = ''
  isFull = false
  /** Of the next write, so many characters are still taken before it fails. */
  room = Number.POSITIVE_INFINITY

  constructor(begins: SinkPlace['begins'] = 'at-first-event') {
    this.begins = begins
  }

  async open(): Promise<string> {
    this.text = this.text.slice(0, this.text.lastIndexOf('\n') + 1)
    return this.begins === 'now' ? '' : this.text
  }

  async write(text: string): Promise<void> {
    if (this.isFull) throw new Error('no space left')
    const taken = text.slice(0, this.room)
    this.text += taken
    this.room = Number.POSITIVE_INFINITY
    if (taken !== text) throw new Error('no space left')
  }

  async close(): Promise<void> {}

  get sequences(): readonly number[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseLogLine(line))
      .flatMap((line) => (line.kind === 'event' ? [line.event.sequence] : []))
  }
}

class FakeObserver implements SinkObserver {
  readonly told: string[] = []
  onFailure(error: unknown): void {
    this.told.push(error instanceof Error ? error.message : String(error))
  }
  onRecovery(): void {
    this.told.push('recovered')
  }
  onBreak(last: number): void {
    this.told.push(`break at ${last}`)
  }
}

function sinkOf(auth: TestAuth, place: SinkPlace, observer = new FakeObserver()): AuditSink {
  return createAuditSink({ ...auth.context, clock: systemClock }, place, observer)
}

/** Writes what there is, as a hub does that ends at once. */
async function catchUp(sink: AuditSink): Promise<void> {
  await sink.close()
}

async function sequencesOf(auth: TestAuth): Promise<readonly number[]> {
  const { sequence } = await auth.context.store.audit.head()
  return Array.from({ length: sequence }, (_, index) => index + 1)
}

function verify(
  auth: TestAuth,
  place: FakePlace,
): ReturnType<ReturnType<typeof verifierOf>['end']> {
  const verifier = verifierOf(auth)
  for (const line of place.text.split('\n').filter((each) => each !== '')) verifier.line(line)
  return verifier.end()
}

function verifierOf(auth: TestAuth) {
  return createAuditFileVerifier(auth.audit.signing.trust.keys)
}

describe('a sink', () => {
  it('gets every event and checkpoint, in a form that can be verified', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    const sink = sinkOf(auth, place)
    await addEvents(auth.context.store, 2_500)
    await auth.audit.signing.checkpoint()
    await addEvents(auth.context.store, 10)
    await catchUp(sink)
    assert.deepEqual(place.sequences, await sequencesOf(auth))
    const { signed, last } = verify(auth, place)
    assert.equal(signed?.sequence, last - 10)
    // One that was made of events which had been written.
    await auth.audit.signing.checkpoint()
    await catchUp(sink)
    assert.equal(verify(auth, place).signed?.sequence, last)
    assert.equal(sink.state.last, last)
  })

  it('writes what comes while it runs', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    const sink = sinkOf(auth, place)
    const stopping = new AbortController()
    const running = sink.run(stopping.signal)
    await addEvents(auth.context.store, 5)
    while (place.sequences.length < 9) await systemClock.sleep(5)
    await addEvents(auth.context.store, 5)
    while (place.sequences.length < 14) await systemClock.sleep(5)
    stopping.abort()
    await running
    assert.deepEqual(place.sequences, await sequencesOf(auth))
  })

  it('goes on where it was after a crash, wherever in a line that was', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    await addEvents(auth.context.store, 20)
    await auth.audit.signing.checkpoint()
    for (let round = 0; round < 60; round++) {
      // The second write of a new place, or the first of one that goes on.
      place.room = (round * 137) % 4_000
      await catchUp(sinkOf(auth, place))
      await addEvents(auth.context.store, 1)
    }
    await catchUp(sinkOf(auth, place))
    assert.deepEqual(place.sequences, await sequencesOf(auth))
    assert.equal(verify(auth, place).begins, 'at-first-event')
  })

  it('that is full is told of once, and gets everything later', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    const observer = new FakeObserver()
    const sink = sinkOf(auth, place, observer)
    await catchUp(sink)
    place.isFull = true
    for (let round = 0; round < 3; round++) {
      await addEvents(auth.context.store, 100)
      await catchUp(sink)
    }
    assert.deepEqual(observer.told, ['no space left'])
    assert.equal(sink.state.problem, 'no space left')
    assert.ok(sink.state.failingSince !== undefined)
    place.isFull = false
    await catchUp(sink)
    assert.deepEqual(observer.told, ['no space left', 'recovered'])
    assert.equal(sink.state.problem, undefined)
    assert.deepEqual(place.sequences, await sequencesOf(auth))
  })

  it('goes on in a new place when the old one was put aside', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    const sink = sinkOf(auth, place)
    await addEvents(auth.context.store, 5)
    await catchUp(sink)
    const aside = place.sequences
    place.text = ''
    sink.reopen()
    await catchUp(sink)
    // Also a hub that starts before the next event knows where to go on.
    await addEvents(auth.context.store, 5)
    await catchUp(sinkOf(auth, place))
    assert.deepEqual([...aside, ...place.sequences], await sequencesOf(auth))
    assert.equal(verify(auth, place).begins, 'within')
  })

  it('begins now, where what is past has been read already', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace('now')
    const sink = sinkOf(auth, place)
    await catchUp(sink)
    await addEvents(auth.context.store, 2)
    await catchUp(sink)
    assert.deepEqual(place.sequences, (await sequencesOf(auth)).slice(-2))
  })

  it('says so where a store that was restored does not go on as the place does', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    const observer = new FakeObserver()
    await addEvents(auth.context.store, 10)
    await catchUp(sinkOf(auth, place))
    const { sequence } = await auth.context.store.audit.head()
    tamper(auth.database, `DELETE FROM audit_events WHERE sequence > ${sequence - 5}`)
    const sink = sinkOf(auth, place, observer)
    await catchUp(sink)
    assert.deepEqual(observer.told, [`break at ${sequence}`])
    await addEvents(auth.context.store, 1)
    await catchUp(sink)
    assert.equal(place.sequences.at(-1), sequence - 4)
    assert.throws(() => verify(auth, place), { code: 'misplaced' })
  })

  it('leaves alone what is no audit log', async () => {
    await using auth = await openTestAuth()
    const place = new FakePlace()
    place.text = 'root:x:0:0\n'
    const sink = sinkOf(auth, place)
    await catchUp(sink)
    assert.equal(place.text, 'root:x:0:0\n')
    assert.match(sink.state.problem ?? '', /not as the hub writes it/)
  })
})
