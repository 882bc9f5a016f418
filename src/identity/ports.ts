import type { Clock } from '../base/clock.ts'
import type { FileOwner, FileSystem } from '../base/file-system.ts'
import type { Random } from '../base/random.ts'
import type { IdentityHub } from '../client/identity-hub.ts'

/** The world, as an identity needs it. */
export interface IdentityPorts {
  readonly hub: IdentityHub
  readonly fs: FileSystem
  readonly clock: Clock
  readonly random: Random
  /** Effective ids, and the pid for those who find a directory in use. */
  readonly self: FileOwner & { readonly pid: number }
}
