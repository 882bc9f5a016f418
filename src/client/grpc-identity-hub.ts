/**
 * The hub over the wire. This folder holds all gRPC of the client side.
 *
 * - Nothing is sent to a server before it has proved to be the hub.
 * - A call is made once; whether to repeat it is for the caller to decide.
 * - Every connection is closed when its call ends, however it ends.
 */
import type { Clock } from '../base/clock.ts'
import { HubChoice } from './hub-choice.ts'
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

  const choice = new HubChoice()

  /** Of several hubs one that answers, where something must be known of it before it is called. */
  async function prepare({ address, trust, signal }: CallOptions) {
    // gRPC takes longer to load than a handshake takes.
    const loading = import('./identity-calls.ts')
    return await choice.askEach(address, async (chosen) => {
      const attempt: Attempt = { address: chosen, clock, timeoutMs, keepAliveMs, signal }
      const checked = await resolveTrust(trust, attempt)
      return { calls: await loading, chosen, common: { ...attempt, client, trust: checked } }
    })
  }

  type Prepared = Awaited<ReturnType<typeof prepare>>

  async function ask<T>(to: CallOptions, call: (prepared: Prepared) => Promise<T>): Promise<T> {
    const prepared = await prepare(to)
    return await choice.watch(to.address, prepared.chosen, () => call(prepared))
  }

  return {
    join: (token, request, to) =>
      ask(to, ({ calls, common }) => calls.callJoin(token, { ...common, request })),
    renew: (credential, request, to) =>
      ask(to, ({ calls, common }) => calls.callRenew(credential, { ...common, request })),
    async *watch(credential, to) {
      const { calls, common, chosen } = await prepare(to)
      try {
        yield* calls.watchIdentity(credential, common)
      } catch (error) {
        choice.failed(to.address, chosen, error)
        throw error
      }
    },
    reportTrust: (credential, trustDigest, to) =>
      ask(to, ({ calls, common }) => calls.callReportTrust(credential, trustDigest, common)),
  }
}
