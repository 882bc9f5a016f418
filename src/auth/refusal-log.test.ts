import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DEPLOYER,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { formatTime } from '../base/clock.ts'
import { encodeJoinToken } from '../trust/join-token.ts'
import type { AuditEvent } from './audit-event.ts'
import { AuthError } from './errors.ts'
import { createRefusalLog, REFUSAL_RATES } from './refusal-log.ts'
import { type Act, StoreError } from './storage.ts'

const MINUTE = 60_000

class FakeLog {
  readonly events: AuditEvent[] = []
  isFull = false

  async commit({ events }: Act): Promise<void> {
    if (this.isFull) throw new StoreError('unavailable', 'store', 'the disk is full')
    this.events.push(...events)
  }

  /** What each summary says. */
  summaries() {
    return this.events.flatMap(({ type, bot, fields }) =>
      type === 'refusal.summary'
        ? [[fields?.['event'], fields?.['source'], fields?.['count'], bot]]
        : [],
    )
  }
}

function scene() {
  const clock = new FakeClock()
  const store = new FakeLog()
  return { clock, store, log: createRefusalLog({ clock, store }) }
}

function denied(clock: FakeClock, address: string, actor = 'anyone'): AuditEvent {
  const bot = actor.startsWith('bot:') ? actor.slice(4) : undefined
  return {
    ...{ time: clock.now(), type: 'rpc.denied', outcome: 'refused', actor, address, bot },
    fields: {},
  }
}

describe('the log of refusals', () => {
  it('has each of a few, and the number of the others', async () => {
    const { clock, store, log } = scene()
    const since = formatTime(clock.now())
    for (let i = 0; i < 1_000; i++) await log.record(denied(clock, '192.0.2.7'))
    await log.record(denied(clock, '192.0.2.8'))
    assert.equal(store.events.length, REFUSAL_RATES.eventsEach.burst + 1)
    clock.advance(MINUTE)
    await log.summarise()
    assert.deepEqual(store.summaries(), [['rpc.denied', '192.0.2.7', '940', undefined]])
    const last = store.events.at(-1)
    assert.deepEqual(
      [last?.actor, last?.outcome, last?.fields?.['since']],
      ['hub', 'refused', since],
    )
    await log.summarise()
    assert.equal(store.summaries().length, 1, 'once')
  })

  it('counts bearers of an identity by that, wherever they are', async () => {
    const { clock, store, log } = scene()
    for (let i = 0; i < 100; i++) {
      await log.record(denied(clock, `192.0.2.${i}`, 'bot:ci'))
      await log.record(denied(clock, '192.0.2.7', 'node:web'))
    }
    await log.summarise()
    assert.deepEqual(store.summaries(), [
      ['rpc.denied', 'bot:ci', '40', 'ci'],
      ['rpc.denied', 'node:web', '40', undefined],
    ])
  })

  it('grows by so many events a minute and no more, whatever happens', async () => {
    const { clock, store, log } = scene()
    const flood = async () => {
      for (let i = 0; i < 20_000; i++) {
        await log.record(denied(clock, `2001:db8:${(i % 9_999).toString(16)}::1`))
      }
      clock.advance(MINUTE)
      await log.summarise()
    }
    await flood()
    const before = store.events.length
    assert.ok(before <= REFUSAL_RATES.eventsAll.burst + 17, String(before))
    await flood()
    assert.ok(store.events.length - before <= 60 + 17, String(store.events.length))
    const counted = store.summaries().reduce((sum, [, , count]) => sum + Number(count), 0)
    const single = store.events.filter(({ type }) => type === 'rpc.denied').length
    assert.equal(counted + single, 40_000, 'none is lost')
    assert.ok(store.summaries().some(([, source]) => source === 'others'))
  })

  it('keeps what it could not tell', async () => {
    const { clock, store, log } = scene()
    for (let i = 0; i < 70; i++) await log.record(denied(clock, '192.0.2.7'))
    store.isFull = true
    await assert.rejects(log.summarise(), { code: 'unavailable' })
    await log.record(denied(clock, '192.0.2.7'))
    store.isFull = false
    await log.summarise()
    assert.deepEqual(store.summaries(), [['rpc.denied', '192.0.2.7', '11', undefined]])
  })

  it('ends when told to', async () => {
    const { clock, log } = scene()
    const stop = new AbortController()
    const ended = log.run(stop.signal)
    assert.ok(clock)
    stop.abort()
    await ended
  })
})

describe('joining by guesses', () => {
  const guess = (auth: TestAuth) =>
    encodeJoinToken({
      kind: 'bot',
      secret: auth.context.random.bytes(16),
      pin: auth.context.authorities.pin,
    })
  const codeOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'joined',
      (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
    )

  it('is told less and less, and keeps nobody with the right token out', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const { token } = await auth.bots.create(LOCAL, {
      name: 'ci',
      roles: ['ci-deployer'],
      token: {},
    })
    const codes: string[] = []
    for (let i = 0; i < 100; i++) {
      codes.push(await codeOf(auth.joining.join(STRANGER, guess(auth), newRequest())))
    }
    const { burst } = REFUSAL_RATES.guessesEach
    assert.deepEqual([...new Set(codes.slice(0, burst))], ['token-unknown'])
    assert.deepEqual([...new Set(codes.slice(burst))], ['rate-limited'])
    const limited = auth.joining.join(STRANGER, guess(auth), newRequest())
    await assert.rejects(limited, {
      code: 'rate-limited',
      message: 'too many unknown join tokens from 192.0.2.7',
      retryAfterMs: 6_000,
    })
    const elsewhere = { ...STRANGER, address: '192.0.2.8' }
    assert.equal(
      await codeOf(auth.joining.join(elsewhere, guess(auth), newRequest())),
      'token-unknown',
    )
    await auth.refusals.summarise()
    const summaries = await auth.context.store.audit.list({ limit: 9, type: 'refusal.summary' })
    assert.deepEqual(
      summaries.map(({ fields }) => [fields?.['event'], fields?.['source'], fields?.['count']]),
      [['bot.join', '192.0.2.7', String(101 - REFUSAL_RATES.eventsEach.burst)]],
    )
    const joined = await auth.joining.join(STRANGER, token.value, newRequest())
    assert.equal(joined.bot, 'ci')
  })

  it('finds the right token also when all the world guesses', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const { token } = await auth.bots.create(LOCAL, {
      name: 'ci',
      roles: ['ci-deployer'],
      token: {},
    })
    const error = new AuthError('token-unknown', 'no such token')
    const codes = Array.from(
      { length: 3_000 },
      (_, i) => auth.refusals.refuseJoin(`10.${i >> 8}.${i & 255}.1`, error).code,
    )
    assert.equal(codes.filter((code) => code === 'token-unknown').length, 2_000)
    assert.equal(codes.at(-1), 'rate-limited')
    assert.equal((await auth.joining.join(STRANGER, token.value, newRequest())).bot, 'ci')
  })
})
