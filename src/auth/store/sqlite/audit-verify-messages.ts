/** What the hub and the thread that verifies its log say to each other. */
import type { AuditDamageCode } from '../../audit-damage.ts'
import type { CheckpointRecord } from '../../audit-log.ts'
import type { Verified } from '../../audit-verifier.ts'

export interface VerifierData {
  readonly path: string
  readonly clusterId: string
  /** SSH public keys in their wire encoding. */
  readonly keys: readonly Uint8Array[]
  readonly held: CheckpointRecord | undefined
}

export type FromVerifier =
  | { readonly kind: 'progress'; readonly events: number }
  // Last, one of these three.
  | { readonly kind: 'verified'; readonly verified: Verified }
  | {
      readonly kind: 'damaged'
      readonly damage: {
        readonly code: AuditDamageCode
        readonly sequence: number | undefined
        readonly message: string
        readonly hint: string | undefined
      }
    }
  | { readonly kind: 'failed'; readonly message: string }
