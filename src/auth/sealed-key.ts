/**
 * CA private keys at rest: PKCS #8 PEM as it is, or sealed under a passphrase with scrypt (RFC 7914)
 * and AES-256-GCM. A copy of the store is then worth no more than the passphrase is weak.
 */

import type { KeyObject } from 'node:crypto'
import { createCipheriv, createDecipheriv, createPrivateKey, scryptSync } from 'node:crypto'
import type { Random } from '../base/random.ts'
import { AuthError } from './errors.ts'

/** scrypt's cost: 128 MiB and a good tenth of a second, paid once at the hub's start. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }
const SEALED = 'mezite-sealed-v1'
const TAG_LENGTH = 16

/** Seals and opens keys; derives each passphrase and salt once. */
export interface KeySealer {
  seal(privateKey: KeyObject): string
  /** @throws AuthError `passphrase-needed`, `passphrase-wrong` or `passphrase-unused` */
  open(stored: string): KeyObject
}

export function createKeySealer(passphrase: string | undefined, random: Random): KeySealer {
  const derived = new Map<string, Buffer>()
  const fresh = random.bytes(16)

  function keyFor(secret: string, salt: Buffer): Buffer {
    const name = salt.toString('hex')
    const key = derived.get(name) ?? scryptSync(secret, salt, 32, COST)
    derived.set(name, key)
    return key
  }

  return {
    seal(privateKey) {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      if (passphrase === undefined) return pem
      const nonce = random.bytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyFor(passphrase, fresh), nonce)
      const sealed = Buffer.concat([
        cipher.update(pem, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ])
      return [SEALED, ...[fresh, nonce, sealed].map((part) => part.toString('base64'))].join(' ')
    },

    open(stored) {
      const [form, ...parts] = stored.split(' ')
      if (form !== SEALED) {
        if (passphrase === undefined) return createPrivateKey(stored)
        throw new AuthError('passphrase-unused', 'the CA keys in the store have no passphrase', {
          hint: 'start the hub without one',
        })
      }
      if (passphrase === undefined) {
        throw new AuthError('passphrase-needed', 'the CA keys in the store have a passphrase', {
          hint: 'give it with --ca-key-passphrase-file or MEZITE_CA_KEY_PASSPHRASE',
        })
      }
      const [salt = Buffer.alloc(0), nonce = Buffer.alloc(0), sealed = Buffer.alloc(0)] = parts.map(
        (part) => Buffer.from(part, 'base64'),
      )
      try {
        const cipher = createDecipheriv('aes-256-gcm', keyFor(passphrase, salt), nonce, {
          authTagLength: TAG_LENGTH,
        })
        cipher.setAuthTag(sealed.subarray(-TAG_LENGTH))
        const pem = Buffer.concat([cipher.update(sealed.subarray(0, -TAG_LENGTH)), cipher.final()])
        return createPrivateKey(pem)
      } catch (cause) {
        throw new AuthError('passphrase-wrong', 'the passphrase does not open the CA keys', {
          hint: 'give the one with which the hub was started first',
          cause,
        })
      }
    },
  }
}
