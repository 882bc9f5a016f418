/** One short value for all CAs that somebody trusts, in whatever order. */
import { sha256 } from '../base/bytes.ts'

/** Public halves: certificates in DER, SSH keys in their wire encoding. */
export interface TrustedKeys {
  readonly tls: readonly Uint8Array[]
  readonly user: readonly Uint8Array[]
  readonly host: readonly Uint8Array[]
}

/** SHA-256 over the sorted lines `TYPE SHA-256`, in hexadecimal, one for each CA. */
export function trustDigest(keys: TrustedKeys): Buffer {
  const lines = (['tls', 'user', 'host'] as const).flatMap((type) =>
    keys[type].map((key) => `${type} ${sha256(key).toString('hex')}\n`),
  )
  return sha256(Buffer.from([...lines].sort().join('')))
}
