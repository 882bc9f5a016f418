import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../../test/fakes/clock.ts'
import { createTestCa } from '../../../test/fakes/tls.ts'
import { DAY, MINUTE } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import {
  issueServingCertificate,
  keepServingCertificate,
  type ServingCertificate,
  servingRenewalAt,
} from './serving-certificate.ts'

const authority = createTestCa().signer
const START = authority.certificate.validity.notBeforeMs + DAY

function setUp() {
  const clock = new FakeClock(START)
  return { authority, clock, random: systemRandom }
}

describe("the hub's own certificate", () => {
  it('lives 90 days, but never longer than its CA', () => {
    const options = setUp()
    const { validity } = issueServingCertificate(options)
    assert.equal(validity.notAfterMs - validity.notBeforeMs, 91 * DAY)
    const end = authority.certificate.validity.notAfterMs
    options.clock.step(end - START - DAY)
    assert.equal(issueServingCertificate(options).validity.notAfterMs, end)
  })

  it('is replaced when two thirds of its life are over, again and again', async () => {
    const options = setUp()
    const stop = new AbortController()
    const first = issueServingCertificate(options)
    const replaced: [number, ServingCertificate][] = []
    const replace = (certificate: ServingCertificate) => {
      replaced.push([options.clock.now(), certificate])
      if (replaced.length === 3) stop.abort()
    }
    const log = { error: () => assert.fail('nothing fails') }
    await keepServingCertificate(first, replace, { ...options, log, signal: stop.signal })
    let before = first
    for (const [at, certificate] of replaced) {
      assert.ok(Math.abs(at - servingRenewalAt(before.validity)) <= MINUTE)
      assert.ok(at < before.validity.notAfterMs)
      before = certificate
    }
  })

  it('is replaced when the clock is set back, so that those with the right time take it', async () => {
    const options = setUp()
    const { clock } = options
    const stop = new AbortController()
    clock.step(70 * DAY)
    const first = issueServingCertificate(options)
    clock.step(-70 * DAY)
    let next: ServingCertificate | undefined
    const replace = (certificate: ServingCertificate) => {
      next = certificate
      stop.abort()
    }
    const log = { error: () => assert.fail('nothing fails') }
    await keepServingCertificate(first, replace, { ...options, log, signal: stop.signal })
    assert.ok(next && next.validity.notBeforeMs <= START && first.validity.notBeforeMs > START)
    assert.ok(clock.now() - START <= MINUTE, 'within a minute')
  })

  it('is tried for again where it fails, and the failure is logged', async () => {
    const options = setUp()
    const stop = new AbortController()
    const messages: string[] = []
    const log = {
      error: (_fields: unknown, message: string) => {
        messages.push(message)
        if (messages.length === 2) stop.abort()
      },
    }
    const first = issueServingCertificate(options)
    const replace = () => {
      throw new Error('no')
    }
    await keepServingCertificate(first, replace, { ...options, log, signal: stop.signal })
    assert.equal(messages.length, 2)
  })
})
