/** The hub over the wire, for a node's agent. */
import type { Clock } from '../base/clock.ts'
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

  async function prepare({ address, trust, signal }: CallOptions) {
    const attempt: Attempt = { address, clock, timeoutMs, keepAliveMs, signal }
    // gRPC takes longer to load than a handshake takes.
    const loading = import('./node-calls.ts')
    const checked = await resolveTrust(trust, attempt)
    return { calls: await loading, call: { ...attempt, trust: checked } }
  }

  return {
    async joinNode(token, request, to) {
      const { calls, call } = await prepare(to)
      return calls.callJoinNode(token, { ...call, request, version })
    },
    async renewNode(credential, request, to) {
      const { calls, call } = await prepare(to)
      return calls.callRenewNode(credential, { ...call, request, version })
    },
    async *watchNode(credential, to) {
      const { calls, call } = await prepare(to)
      yield* calls.callWatchNode(credential, call)
    },
    async reportTrust(credential, report, to) {
      const { calls, call } = await prepare(to)
      await calls.callReportNodeTrust(credential, report, call)
    },
    async reportSessions(credential, events, to) {
      const { calls, call } = await prepare(to)
      await calls.callReportSessions(credential, events, call)
    },
    async leaveNode(credential, to) {
      const { calls, call } = await prepare(to)
      await calls.callLeaveNode(credential, call)
    },
  }
}
