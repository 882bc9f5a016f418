/**
 * The hub over the wire. This folder holds all gRPC of the client side.
 *
 * - Nothing is sent to a server before it has proved to be the hub.
 * - A call is made once; whether to repeat it is for the caller to decide.
 * - Every connection is closed when its call ends, however it ends.
 */
import type { Clock } from '../base/clock.ts'
import { type Attempt, resolveTrust } from './hub-recognition.ts'
import type { ClientDescription } from './identity-calls.ts'
import type { CallOptions, IdentityHub } from './identity-hub.ts'

export interface GrpcIdentityHubOptions {
  readonly clock: Pick<Clock, 'now'>
  readonly client: ClientDescription
  /** Of each handshake and each call, and of a stream to its first message. Left out: 10 s and 15 s. */
  readonly timeoutMs?: number | undefined
  /** How often the hub must answer a ping while a call is under way, and how fast. Left out: 10 s. */
  readonly keepAliveMs?: number | undefined
}

export function createGrpcIdentityHub(options: GrpcIdentityHubOptions): IdentityHub {
  const { client, clock, timeoutMs, keepAliveMs } = options

  async function prepare({ address, trust, signal }: CallOptions) {
    const attempt: Attempt = { address, clock, timeoutMs, keepAliveMs, signal }
    // gRPC takes longer to load than a handshake takes.
    const loading = import('./identity-calls.ts')
    const checked = await resolveTrust(trust, attempt)
    return { calls: await loading, common: { ...attempt, client, trust: checked } }
  }

  return {
    async join(token, request, to) {
      const { calls, common } = await prepare(to)
      return calls.callJoin(token, { ...common, request })
    },
    async renew(credential, request, to) {
      const { calls, common } = await prepare(to)
      return calls.callRenew(credential, { ...common, request })
    },
    async *watch(credential, to) {
      const { calls, common } = await prepare(to)
      yield* calls.watchIdentity(credential, common)
    },
    async reportTrust(credential, trustDigest, to) {
      const { calls, common } = await prepare(to)
      await calls.callReportTrust(credential, trustDigest, common)
    },
  }
}
