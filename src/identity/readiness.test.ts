import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DAY, HOUR } from '../base/clock.ts'
import { HubError } from '../client/identity-hub.ts'
import { IdentityError } from './errors.ts'
import { type DaemonCondition, readinessAt } from './readiness.ts'

const NOW = Date.UTC(2026, 2, 24, 14)
const FRESH: DaemonCondition = {
  certificateEndsAt: NOW + HOUR,
  identityEndsAt: NOW + DAY,
  failure: undefined,
}

function refused(hubCode: string): HubError {
  return new HubError('refused', `refused: ${hubCode}`, { hubCode, hint: 'ask' })
}

function codes(condition: Partial<DaemonCondition>, now = NOW): readonly string[] {
  const readiness = readinessAt({ ...FRESH, ...condition }, now)
  return readiness.ready ? ['ready'] : readiness.reasons.map(({ code }) => code)
}

describe('readiness', () => {
  it('is that the published certificate is valid, whatever fails meanwhile', () => {
    assert.deepEqual(codes({}), ['ready'])
    assert.deepEqual(codes({ failure: new HubError('unreachable', 'gone') }), ['ready'])
    assert.deepEqual(codes({}, NOW + HOUR - 1), ['ready'])
    assert.deepEqual(codes({}, NOW + HOUR), ['certificate-expired'])
  })

  it('says what is wrong, the weightiest first', () => {
    const failure = new HubError('unreachable', 'cannot connect', { hint: 'is mezhub running?' })
    assert.deepEqual(readinessAt({ ...FRESH, failure }, NOW + HOUR), {
      ready: false,
      reasons: [
        {
          code: 'certificate-expired',
          message: 'the certificate has ended at 2026-03-24T15:00:00Z',
        },
        { code: 'hub-unreachable', message: 'cannot connect', hint: 'is mezhub running?' },
      ],
    })
    assert.deepEqual(codes({ failure }, NOW + DAY), [
      'identity-expired',
      'certificate-expired',
      'hub-unreachable',
    ])
  })

  it('gives the hub’s hint for an expired identity, once', () => {
    const failure = refused('identity-expired')
    const readiness = readinessAt({ ...FRESH, failure }, NOW + DAY)
    assert.ok(!readiness.ready)
    assert.deepEqual(
      readiness.reasons.map(({ code, hint }) => [code, hint]),
      [
        ['identity-expired', 'ask'],
        ['certificate-expired', undefined],
      ],
    )
  })

  it('names every kind of failure', () => {
    const before = { certificateEndsAt: undefined, identityEndsAt: undefined }
    const cases: readonly (readonly [unknown, string])[] = [
      [undefined, 'starting'],
      [new HubError('bad-answer', ''), 'hub-unreachable'],
      [new HubError('not-a-hub', ''), 'hub-not-trusted'],
      [new HubError('untrusted', ''), 'hub-not-trusted'],
      [new HubError('clock-skew', ''), 'clock-skew'],
      [refused('clock-skew'), 'clock-skew'],
      [refused('bot-locked'), 'locked'],
      [refused('instance-locked'), 'locked'],
      [refused('generation-mismatch'), 'locked'],
      [refused('instance-unknown'), 'instance-ended'],
      [refused('bot-removed'), 'instance-ended'],
      [refused('identity-expired'), 'identity-expired'],
      [refused('unavailable'), 'hub-unreachable'],
      [refused('interval-too-long'), 'refused'],
      [new IdentityError('disk-full', 'no space'), 'local-failure'],
      [new TypeError('defect'), 'local-failure'],
    ]
    for (const [failure, code] of cases) assert.deepEqual(codes({ ...before, failure }), [code])
  })
})
