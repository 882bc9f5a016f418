import assert from 'node:assert/strict'
import {
  encodeJoinToken,
  JoinTokenError,
  PIN_LENGTH,
  parseJoinToken,
  SECRET_LENGTH,
} from '../../../src/trust/join-token.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'

/** A text, or the bytes of a token, which then has the right checksum. */
export const joinToken: FuzzTarget = {
  name: 'join-token',
  largest: 256,
  words: ['tok-bot-', 'tok-node-'],
  mutations: TEXT_MUTATIONS,
  seeds: async () => {
    const secret = Buffer.alloc(SECRET_LENGTH, 1)
    const pin = Buffer.alloc(PIN_LENGTH, 2)
    const texts = (['bot', 'node'] as const).map((kind) => encodeJoinToken({ kind, secret, pin }))
    return [...texts.map((text) => Buffer.from(text)), Buffer.concat([secret, pin])]
  },
  run(input) {
    const [secret, pin] = [input.subarray(0, SECRET_LENGTH), input.subarray(SECRET_LENGTH)]
    const isBody = pin.length === PIN_LENGTH
    const text = isBody ? encodeJoinToken({ kind: 'node', secret, pin }) : textOf(input)
    const token = unlessRefused(() => parseJoinToken(text), JoinTokenError)
    if (token === undefined) {
      assert.ok(!isBody)
      return 'refused'
    }
    assert.equal(encodeJoinToken(token), text)
    return 'accepted'
  },
}
