import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { status } from '@grpc/grpc-js'
import type { LogFields } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { readErrorTrailers } from '../../rpc/error-trailers.ts'
import { AuthError } from '../errors.ts'
import { StoreError } from '../storage.ts'
import { errorReply } from './status.ts'

function reply(error: unknown) {
  const logged: LogFields[] = []
  const log = { error: (fields: LogFields) => void logged.push(fields) }
  const made = errorReply(error, { rpc: 'x/Y', log, random: systemRandom })
  return { ...made, ...readErrorTrailers(made.metadata), status: made.code, logged }
}

describe('the reply to a failed call', () => {
  it('tells a refusal as it is', () => {
    const told = reply(
      new AuthError('token-used', 'used already', { hint: 'make a new one – now' }),
    )
    assert.equal(told.status, status.UNAUTHENTICATED)
    assert.deepEqual(
      [told.code, told.details, told.hint],
      ['token-used', 'used already', 'make a new one – now'],
    )
    assert.deepEqual(told.logged, [])
  })

  it('keeps every other failure to the log', () => {
    for (const [error, code] of [
      [new Error('password=hunter2'), 'internal'],
      [new StoreError('unavailable', 'store', 'disk /secret is gone'), 'unavailable'],
      ['a string', 'internal'],
    ] as const) {
      const told = reply(error)
      assert.equal(told.code, code)
      assert.doesNotMatch(`${told.details} ${told.hint}`, /hunter2|secret|string/)
      const [entry] = told.logged
      assert.equal(entry?.['error'], error)
      assert.equal(told.hint, `the hub's log has the reason, as incident ${entry?.['incident']}`)
    }
  })

  it('fits into a header', () => {
    const told = reply(new AuthError('invalid-request', 'x'.repeat(100_000)))
    assert.equal(told.details.length, 2_000)
  })
})
