/**
 * Pending keys: drawn, durable, and perhaps certified already by a hub whose answer was lost. They
 * are asked for again until an answer comes; other keys in their place would look like a second use
 * of the credential.
 */
import type { Attempt, JoinAttempt, RenewalAttempt } from './exchange.ts'
import type { IdentityKeys } from './identity.ts'
import { encodeKeys, encodeVersioned, parseKeys, parseTokenId } from './identity-file.ts'
import { type JsonFields, parseCount } from './json-fields.ts'

export type PendingJoin = JoinAttempt & IdentityKeys
export type PendingRenewal = RenewalAttempt & IdentityKeys
export type Pending = Attempt & IdentityKeys

export function encodePending(pending: Pending): string {
  const { purpose } = pending
  const asked =
    purpose === 'join'
      ? { tokenId: pending.tokenId }
      : { instanceId: pending.instanceId, generation: String(pending.generation) }
  return encodeVersioned({ purpose, ...asked, ...encodeKeys(pending) })
}

/** @throws SyntaxError, or the error of a key's format */
export function parsePendingJoin(fields: JsonFields): PendingJoin {
  const tokenId = fields.text('tokenId', parseTokenId)
  return { purpose: readPurpose(fields, 'join'), tokenId, ...readKeys(fields) }
}

/** @throws SyntaxError, or the error of a key's format */
export function parsePendingRenewal(fields: JsonFields): PendingRenewal {
  const instanceId = fields.text('instanceId', String)
  const generation = fields.text('generation', parseCount)
  return { purpose: readPurpose(fields, 'renewal'), instanceId, generation, ...readKeys(fields) }
}

function readPurpose<Purpose extends string>(fields: JsonFields, expected: Purpose): Purpose {
  return fields.text('purpose', (text) => {
    if (text !== expected) throw new SyntaxError(`not "${expected}"`)
    return expected
  })
}

function readKeys(fields: JsonFields): IdentityKeys {
  const keys = parseKeys(fields)
  fields.end()
  return keys
}
