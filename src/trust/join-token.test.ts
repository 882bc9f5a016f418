import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { encodeJoinToken, hashJoinTokenSecret, parseJoinToken } from './join-token.ts'

const tokens = fc.record({
  kind: fc.constantFrom('bot' as const, 'node' as const),
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  pin: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
})

it('reads back every token that it writes', () => {
  fc.assert(
    fc.property(tokens, (token) => {
      const text = encodeJoinToken(token)
      assert.match(text, /^tok-(bot|node)-[a-z2-7]{56}$/)
      const { kind, secret, pin } = parseJoinToken(text)
      assert.equal(kind, token.kind)
      assert.ok(secret.equals(token.secret) && pin.equals(token.pin))
    }),
  )
})

it('refuses a token with any one character changed', () => {
  fc.assert(
    fc.property(
      tokens,
      fc.nat(55),
      fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'),
      (token, at, other) => {
        const text = encodeJoinToken(token)
        const index = text.length - 56 + at
        if (text[index] === other) return
        const changed = text.slice(0, index) + other + text.slice(index + 1)
        assert.throws(() => parseJoinToken(changed), { code: 'mistyped' })
      },
    ),
  )
})

it('refuses every other form, and says nothing of what it got', () => {
  const good = encodeJoinToken({ kind: 'bot', secret: Buffer.alloc(16), pin: Buffer.alloc(16) })
  const bad = [
    '',
    'tok-bot-',
    'tok-bot-a1b2c3d4e5f6',
    `${good} `,
    good.toUpperCase(),
    `${good}a`,
    good.slice(0, -1),
  ]
  for (const text of bad) {
    assert.throws(
      () => parseJoinToken(text),
      (error: Error) => !text || !error.message.includes(text),
    )
  }
  assert.throws(() => parseJoinToken(good.replace('tok-bot-', 'tok-node-')), { code: 'mistyped' })
})

it('hashes the secret alone, apart from every other use of SHA-256', () => {
  assert.equal(
    hashJoinTokenSecret(Buffer.alloc(16)).toString('hex'),
    '500f7c296400832a45fc744bf88bf1102ed013474173665a3ba4468ff0bdca47',
  )
})
