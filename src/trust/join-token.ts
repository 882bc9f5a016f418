/**
 * Join tokens: what an administrator hands to a machine so that it can join once.
 *
 * `tok-bot-` or `tok-node-`, then 56 characters of lower-case base32 over 35 bytes: 16 random bytes
 * (the secret), the first 16 bytes of SHA-256 over the TLS CA's SubjectPublicKeyInfo (the pin), and
 * 3 bytes of checksum. The pin lets the bearer recognise the hub before it says anything secret;
 * the checksum finds a typing error before anything is sent at all. Exactly one text stands for
 * each token.
 */
import { decodeBase32, encodeBase32, equalBytes, sha256 } from '../base/bytes.ts'
import { MeziteError } from '../base/errors.ts'

export class JoinTokenError extends MeziteError<'malformed' | 'mistyped'> {}

export type JoinTokenKind = 'bot' | 'node'

export interface JoinToken {
  readonly kind: JoinTokenKind
  /** 16 random bytes. */
  readonly secret: Buffer
  /** The first 16 bytes of SHA-256 over the TLS CA's SubjectPublicKeyInfo. */
  readonly pin: Buffer
}

export const SECRET_LENGTH = 16
export const PIN_LENGTH = 16
const CHECKSUM_LENGTH = 3
const TEXT = /^tok-(bot|node)-([a-z2-7]{56})$/

export function encodeJoinToken(token: JoinToken): string {
  const body = Buffer.concat([token.secret, token.pin])
  return `tok-${token.kind}-${encodeBase32(Buffer.concat([body, checksum(token.kind, body)]))}`
}

/** @throws JoinTokenError `malformed` for a text of another form, `mistyped` for a wrong checksum. */
export function parseJoinToken(text: string): JoinToken {
  const [, kind, encoded = ''] = TEXT.exec(text) ?? []
  const bytes = decodeBase32(encoded)
  if ((kind !== 'bot' && kind !== 'node') || bytes === undefined) {
    throw new JoinTokenError('malformed', 'the join token has not the form of one', {
      hint: 'a token is tok-bot- or tok-node- and 56 letters and digits: copy it whole, as `mezctl bots add` printed it',
    })
  }
  const body = bytes.subarray(0, SECRET_LENGTH + PIN_LENGTH)
  if (!equalBytes(bytes.subarray(body.length), checksum(kind, body))) {
    throw new JoinTokenError('mistyped', 'the join token has a typing error in it', {
      hint: 'copy it again, whole; nothing was sent, so the token is still good',
    })
  }
  return {
    kind,
    secret: body.subarray(0, SECRET_LENGTH),
    pin: body.subarray(SECRET_LENGTH),
  }
}

/**
 * What the hub keeps of a token, and its public name: the secret has 128 random bits, so one plain
 * hash of it can't be searched.
 */
export function hashJoinTokenSecret(secret: Uint8Array): Buffer {
  return sha256(Buffer.from('mezite join token\0'), secret)
}

function checksum(kind: JoinTokenKind, body: Uint8Array): Buffer {
  return sha256(Buffer.from(`mezite ${kind}\0`), body).subarray(0, CHECKSUM_LENGTH)
}
