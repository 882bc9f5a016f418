import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import fc from 'fast-check'
import {
  AuditEventSchema,
  AuditStateSchema,
  CertificateSchema,
  GetStatusResponseSchema,
  LockSchema,
} from '../../../gen/mezite/v1/admin_pb.js'
import { SessionSchema } from '../../../gen/mezite/v1/node_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { type Contents, formatFrame, formatOnce, lastScroll } from './frame.ts'
import { roundDuration } from './panes.ts'
import { FIRST_VIEW } from './view.ts'

const NOW = Date.UTC(2026, 2, 24, 14, 0, 0)
const MINUTE = 60_000
const at = (minutes: number) => toTimestamp(NOW + minutes * MINUTE)

function certificate(holder: string, state: string, renews: number | undefined, expires: number) {
  return create(CertificateSchema, {
    ...{ kind: 'user', holder, host: `${holder}-host`, state, issuedAt: at(-20) },
    ...(renews !== undefined && { renewsAt: at(renews) }),
    expiresAt: at(expires),
  })
}

function contents(message = 'ticket 4711', failures = 1): Contents {
  const target = { case: 'bot', value: 'stolen' } as const
  return {
    activity: { renewals: 12, joins: 1, logins: 2, refused: 3 },
    snapshot: {
      status: create(GetStatusResponseSchema, {
        ...{ publicAddress: 'mezite.example.com:3025', bots: 3n, instances: 4n, nodes: 1n },
        ...{ nodesOnline: 1n, sessions: 1n, locks: 1n, auditEvents: 1_234n },
        ...{ startedAt: at(-90), hubTime: at(0) },
      }),
      certificates: [
        certificate('once', 'valid', undefined, 30),
        certificate('next', 'valid', 10, 40),
        certificate('late', 'overdue', -5, 20),
      ],
      events: [],
      failures: Array.from({ length: failures }, (_, i) =>
        create(AuditEventSchema, {
          ...{ type: 'bot.join', time: at(-1 - i), actor: 'anyone', address: '192.0.2.7' },
          fields: { reason: 'token-unknown' },
        }),
      ),
      sessions: [
        create(SessionSchema, {
          ...{ id: 'web-1/7', login: 'deploy', bot: 'next', address: '192.0.2.9' },
          startedAt: at(-3),
        }),
      ],
      locks: [create(LockSchema, { target, createdAt: at(-2), createdBy: 'local', message })],
    },
  }
}

describe('what top shows', () => {
  it('is this', () => {
    assert.equal(
      formatOnce(contents()),
      `mezite.example.com:3025   2026-03-24T14:00:00Z   up 1h30m
3 bots, 4 instances   1 node, 1 online   1 session   1 lock   1234 audit events
last minute: 12 renewals, 1 join, 2 logins, 3 refused

RENEWALS
HOLDER   HOST        STATE     RENEWED   NEXT      EXPIRES
late     late-host   overdue   20m ago   5m late   in 20m
next     next-host   valid     20m ago   in 10m    in 40m
once     once-host   valid     20m ago   -         in 30m

FAILURES
WHEN     WHAT       WHO      FROM        REASON
1m ago   bot.join   anyone   192.0.2.7   token-unknown

SESSIONS
SESSION   LOGIN    BOT    FROM        SINCE
web-1/7   deploy   next   192.0.2.9   3m ago

LOCKS
TARGET       SINCE    ENDS    BY      MESSAGE
bot stolen   2m ago   never   local   ticket 4711
`,
    )
  })

  it('fits the terminal, and lets nothing through that a terminal would act on', () => {
    const size = fc.record({
      columns: fc.integer({ min: 1, max: 200 }),
      rows: fc.integer({ min: 1, max: 60 }),
    })
    const view = fc.record({ focus: fc.nat(3), scroll: fc.nat(40) })
    const message = fc.string({
      unit: fc.constantFrom('a', '\u001b', '\n', '\u202e', '漢', '🔑', '\u009b'),
    })
    fc.assert(
      fc.property(size, view, message, fc.nat(30), (terminal, chosen, text, failures) => {
        const given = { ...contents(text, failures), problem: 'OUT OF TOUCH' }
        const lines = formatFrame(given, chosen, terminal, false)
        assert.equal(lines.length, terminal.rows)
        for (const line of lines) {
          assert.ok([...line].length <= terminal.columns)
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
        }
      }),
    )
  })

  it('marks the list in focus, and what of it is shown', () => {
    const given = contents('', 30)
    const size = { columns: 80, rows: 24 }
    const lines = formatFrame(given, { focus: 1, scroll: 4 }, size, false)
    assert.ok(lines.includes('> FAILURES 5-12 of 30'.padEnd(80)), lines.join('\n'))
    assert.ok(lines.some((line) => line.startsWith('5m ago')))
    assert.equal(lastScroll(given, { focus: 1, scroll: 0 }, size), 22)
    const styled = formatFrame(given, FIRST_VIEW, size, true)
    assert.ok(styled.some((line) => line.startsWith('\u001b[7m> RENEWALS')))
    assert.ok(styled.some((line) => line.startsWith('\u001b[1m  FAILURES')))
  })

  it('says first that the audit log is damaged', () => {
    const { snapshot, activity } = contents()
    const status = create(GetStatusResponseSchema, {
      ...{ ...snapshot.status, audit: create(AuditStateSchema, { damage: 'event 7 was altered' }) },
    })
    const text = formatOnce({ snapshot: { ...snapshot, status }, activity })
    assert.match(text, /^last minute: .* AUDIT LOG DAMAGED: event 7 was altered$/m)
  })

  it('rounds durations to two units', () => {
    const day = 1_440 * MINUTE
    assert.deepEqual([0, 999, 61_500, 3_661_000, day + 3_661_000].map(roundDuration), [
      '0s',
      '0s',
      '1m1s',
      '1h1m',
      '1d1h',
    ])
  })
})
