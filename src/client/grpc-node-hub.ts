/** The hub over the wire, for a node's agent. */
import type { Clock } from '../base/clock.ts'
import { HubChoice } from './hub-choice.ts'
import { type Attempt, resolveTrust } from './hub-recognition.ts'
import type { CallOptions } from './identity-hub.ts'
import type { NodeHub } from './node-hub.ts'

export interface GrpcNodeHubOptions {
  readonly clock: Pick<Clock, 'now'>
  /** The agent's, for the inventory. */
  readonly version: string
  /** Of each handshake and each call, and of a stream to its first message. Left out: 10 s and 15 s. */
  readonly timeoutMs?: number | undefined
  /** How often the hub must answer a ping while a call is under way, and how fast. Left out: 10 s. */
  readonly keepAliveMs?: number | undefined
}

export function createGrpcNodeHub(options: GrpcNodeHubOptions): NodeHub {
  const { clock, version, timeoutMs, keepAliveMs } = options

  const choice = new HubChoice()

  /** Of several hubs one that answers, where something must be known of it before it is called. */
  async function prepare({ address, trust, signal }: CallOptions) {
    // gRPC takes longer to load than a handshake takes.
    const loading = import('./node-calls.ts')
    return await choice.askEach(address, async (chosen) => {
      const attempt: Attempt = { address: chosen, clock, timeoutMs, keepAliveMs, signal }
      const checked = await resolveTrust(trust, attempt)
      return { calls: await loading, chosen, call: { ...attempt, trust: checked } }
    })
  }

  type Prepared = Awaited<ReturnType<typeof prepare>>

  async function ask<T>(to: CallOptions, call: (prepared: Prepared) => Promise<T>): Promise<T> {
    const prepared = await prepare(to)
    return await choice.watch(to.address, prepared.chosen, () => call(prepared))
  }

  return {
    joinNode: (token, request, to) =>
      ask(to, ({ calls, call }) => calls.callJoinNode(token, { ...call, request, version })),
    renewNode: (credential, request, to) =>
      ask(to, ({ calls, call }) => calls.callRenewNode(credential, { ...call, request, version })),
    async *watchNode(credential, to) {
      const { calls, call, chosen } = await prepare(to)
      try {
        yield* calls.callWatchNode(credential, call)
      } catch (error) {
        choice.failed(to.address, chosen, error)
        throw error
      }
    },
    reportTrust: (credential, report, to) =>
      ask(to, ({ calls, call }) => calls.callReportNodeTrust(credential, report, call)),
    reportSessions: (credential, events, to) =>
      ask(to, ({ calls, call }) => calls.callReportSessions(credential, events, call)),
    leaveNode: (credential, to) =>
      ask(to, ({ calls, call }) => calls.callLeaveNode(credential, call)),
  }
}
