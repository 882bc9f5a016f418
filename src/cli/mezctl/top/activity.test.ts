import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type AuditEvent, AuditEventSchema } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { activityOf, look, NOTHING_SEEN } from './activity.ts'

const NOW = Date.UTC(2026, 2, 24, 14, 0, 0)

function event(
  sequence: number,
  type = 'bot.renew',
  { outcome = 'success', secondsAgo = 1, fields = {} } = {},
): AuditEvent {
  const time = toTimestamp(NOW - secondsAgo * 1_000)
  return create(AuditEventSchema, { sequence: BigInt(sequence), time, type, outcome, fields })
}

/** Newest first. */
const events = (from: number, to: number, secondsAgo = 1) =>
  Array.from({ length: to - from + 1 }, (_, i) => event(to - i, 'bot.renew', { secondsAgo }))

describe('the activity of the last minute', () => {
  it('counts each event once, by what it tells', () => {
    const newest = [
      event(9, 'lock.create'),
      event(8, 'refusal.summary', { outcome: 'refused', fields: { count: '40' } }),
      event(7, 'bot.renew', { outcome: 'refused' }),
      event(6, 'session.start'),
      event(5, 'node.join'),
      event(4, 'node.renew'),
      event(3, 'bot.renew'),
      event(2, 'bot.renew', { secondsAgo: 60 }),
      event(1, 'bot.join', { secondsAgo: 3_600 }),
    ]
    const seen = look(NOTHING_SEEN, newest, NOW)
    const expected = { renewals: 2, joins: 1, logins: 1, refused: 41 }
    assert.deepEqual(activityOf(seen), expected)
    assert.deepEqual(activityOf(look(seen, newest, NOW)), expected)
    assert.equal(activityOf(look(seen, newest, NOW + 60_000)).renewals, 0)
  })

  it('counts what a look passes over by what it shows', () => {
    const first = look(NOTHING_SEEN, [event(100, 'role.create')], NOW)
    assert.equal(activityOf(look(first, events(201, 300), NOW)).renewals, 200)
    assert.equal(activityOf(look(first, events(101, 300), NOW)).renewals, 200)
  })

  it('counts a minute of which the first look shows a part by that part', () => {
    // Of the last 20 seconds it shows 200.
    const shown = Array.from({ length: 200 }, (_, i) =>
      event(1_000 - i, 'bot.renew', { secondsAgo: (i * 20) / 199 }),
    )
    assert.equal(activityOf(look(NOTHING_SEEN, shown, NOW)).renewals, 600)
  })

  it('begins anew where the log is shorter than it was: after a restore', () => {
    const before = look(NOTHING_SEEN, events(900, 1_000), NOW)
    const after = look(before, [event(2), event(1)], NOW)
    assert.deepEqual([after.sequence, activityOf(after).renewals], [2n, 2])
  })

  it('is nothing at a hub that has no events', () => {
    const expected = { renewals: 0, joins: 0, logins: 0, refused: 0 }
    assert.deepEqual(activityOf(look(NOTHING_SEEN, [], NOW)), expected)
  })
})
