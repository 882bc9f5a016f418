import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CERTIFICATE_STATES, type CertificateTimes, certificateState } from './certificate-state.ts'

const HELD: CertificateTimes = { issuedAt: 0, expiresAt: 60, overdueAt: 25 }

describe('the state of a certificate', () => {
  it('follows its times, each limit included', () => {
    const at = (now: number, times = HELD) => certificateState(times, false, now)
    assert.deepEqual(
      [0, 24, 25, 59, 60].map((now) => at(now)),
      [...['valid', 'valid', 'overdue', 'overdue', 'expired']],
    )
    const once = { ...HELD, overdueAt: undefined }
    assert.deepEqual(
      [24, 48, 49, 59, 60].map((now) => at(now, once)),
      [...['valid', 'valid', 'expiring', 'expiring', 'expired']],
    )
  })

  it('says of a lock what matters more than being late, and of nothing that has expired', () => {
    assert.equal(certificateState(HELD, true, 30), 'revoked')
    assert.equal(certificateState(HELD, true, 60), 'expired')
  })

  it('only gets worse as time passes', () => {
    const order = ['valid', 'expiring', 'overdue', 'revoked', 'expired']
    assert.deepEqual(order.toSorted(), [...CERTIFICATE_STATES].sort())
    const time = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(time, time, time, time, fc.boolean(), (life, overdueAt, one, more, isRevoked) => {
        const times = { issuedAt: 0, expiresAt: life, overdueAt }
        const before = order.indexOf(certificateState(times, isRevoked, one))
        assert.ok(order.indexOf(certificateState(times, isRevoked, one + more)) >= before)
      }),
    )
  })
})
