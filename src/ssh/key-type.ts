/** The public key algorithms of Mezite, by their names in SSH. */
export const KEY_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
] as const

export type KeyType = (typeof KEY_TYPES)[number]

export function isKeyType(text: string): text is KeyType {
  return KEY_TYPES.some((type) => type === text)
}

/** One curve under its four names, with the digest that RFC 5656, section 6.2.1, gives it. */
export interface Curve {
  readonly keyType: KeyType
  readonly identifier: string
  readonly jwkName: string
  readonly opensslName: string
  readonly bytes: number
  readonly digest: string
}

const CURVES: readonly Curve[] = [
  {
    keyType: 'ecdsa-sha2-nistp256',
    identifier: 'nistp256',
    jwkName: 'P-256',
    opensslName: 'prime256v1',
    bytes: 32,
    digest: 'sha256',
  },
  {
    keyType: 'ecdsa-sha2-nistp384',
    identifier: 'nistp384',
    jwkName: 'P-384',
    opensslName: 'secp384r1',
    bytes: 48,
    digest: 'sha384',
  },
  {
    keyType: 'ecdsa-sha2-nistp521',
    identifier: 'nistp521',
    jwkName: 'P-521',
    opensslName: 'secp521r1',
    bytes: 66,
    digest: 'sha512',
  },
]

/** The curve of an ECDSA key type, or undefined for the other types. */
export function curveOf(type: KeyType): Curve | undefined {
  return CURVES.find((curve) => curve.keyType === type)
}

/** The curve that OpenSSL calls `name`. */
export function curveOfOpenssl(name: string): Curve | undefined {
  return CURVES.find((curve) => curve.opensslName === name)
}
