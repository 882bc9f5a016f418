import type { KeyObject } from 'node:crypto'
import type { CertificateProfile } from '../certificate.ts'
import { KEY_TYPES, type KeyType } from '../key-type.ts'
import { generatePrivateKey } from '../private-key.ts'
import type { SshPublicKey } from '../public-key.ts'

const drawn = new Map<KeyType, KeyObject>()

/** A private key of the type; always the same one within a test file, since RSA is slow to draw. */
export function keyOf(type: KeyType): KeyObject {
  const privateKey = drawn.get(type) ?? generatePrivateKey(type)
  drawn.set(type, privateKey)
  return privateKey
}

/** What `ssh-keygen` takes to draw a key of the type. */
export const KEYGEN_OPTIONS: Readonly<Record<KeyType, readonly string[]>> = {
  'ssh-ed25519': ['-t', 'ed25519'],
  'ecdsa-sha2-nistp256': ['-t', 'ecdsa', '-b', '256'],
  'ecdsa-sha2-nistp384': ['-t', 'ecdsa', '-b', '384'],
  'ecdsa-sha2-nistp521': ['-t', 'ecdsa', '-b', '521'],
  'ssh-rsa': ['-t', 'rsa', '-b', '2048'],
}

/** Every pair of a subject's and an authority's key type. */
export const KEY_TYPE_PAIRS: readonly (readonly [KeyType, KeyType])[] = KEY_TYPES.flatMap((a) =>
  KEY_TYPES.map((b) => [a, b] as const),
)

/** A valid profile of a user's certificate, 2026-03-24T14:00:00Z to 15:00:00Z. */
export function profileFor(
  publicKey: SshPublicKey,
  changes: Partial<CertificateProfile> = {},
): CertificateProfile {
  return {
    publicKey,
    serial: 0xfedc_ba98_7654_3210n,
    type: 'user',
    keyId: 'bot:github-deploy/0b1c',
    validPrincipals: ['bot:github-deploy', 'deploy'],
    validAfter: 1_774_360_800n,
    validBefore: 1_774_364_400n,
    criticalOptions: [],
    extensions: [],
    ...changes,
  }
}
