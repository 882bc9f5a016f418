import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { AuthError } from '../auth/errors.ts'
import { MeziteError } from '../base/errors.ts'
import { HubError } from '../client/identity-hub.ts'
import { exitCodeOf, LAYERS } from './exit-codes.ts'

describe('exit codes', () => {
  it('are there for the errors of every layer', () => {
    const root = join(import.meta.dirname, '..')
    const classes = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .flatMap((path) => [...readFileSync(join(root, path), 'utf8').matchAll(DECLARATION)])
      .map(([, name]) => name)
    assert.ok(classes.length > 10)
    assert.deepEqual(classes.sort(), Object.keys(LAYERS).sort())
  })

  it('follow what the hub refused for', () => {
    const refusal = (hubCode: string) => exitCodeOf(new HubError('refused', 'no', { hubCode }))
    assert.equal(refusal('not-found'), 4)
    assert.equal(refusal('already-exists'), 5)
    assert.equal(refusal('token-used'), 3)
    assert.equal(refusal('a-code-of-a-newer-hub'), 3)
    assert.equal(refusal('toString'), 3)
  })

  it('tell a hub that cannot be reached from one that refuses', () => {
    assert.equal(exitCodeOf(new HubError('unreachable', 'no')), 6)
    assert.equal(exitCodeOf(new HubError('untrusted', 'no')), 6)
    assert.equal(exitCodeOf(new AuthError('permission-denied', 'no')), 3)
  })

  it('are 1 for what nobody meant to throw', () => {
    assert.equal(exitCodeOf(new TypeError('x')), 1)
    assert.equal(exitCodeOf(undefined), 1)
    assert.equal(exitCodeOf(new MeziteError('x', 'y')), 1)
  })
})

const DECLARATION = /class (\w+) extends MeziteError</g
