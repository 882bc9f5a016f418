/** The hub over the wire, for a node's agent. */
import { ClusterCalls, type ClusterOptions } from './cluster-calls.ts'
import type { NodeHub } from './node-hub.ts'

export interface GrpcNodeHubOptions extends ClusterOptions {
  /** The agent's, for the inventory. */
  readonly version: string
}

export function createGrpcNodeHub({ version, ...options }: GrpcNodeHubOptions): NodeHub {
  const cluster = new ClusterCalls(options, () => import('./node-calls.ts'))
  return {
    joinNode: (token, request, to) =>
      cluster.ask(to, (calls, call) => calls.callJoinNode(token, { ...call, request, version })),
    renewNode: (credential, request, to) =>
      cluster.ask(to, (calls, call) =>
        calls.callRenewNode(credential, { ...call, request, version }),
      ),
    watchNode: (credential, to) =>
      cluster.stream(to, (calls, call) => calls.callWatchNode(credential, call)),
    reportTrust: (credential, report, to) =>
      cluster.ask(to, (calls, call) => calls.callReportNodeTrust(credential, report, call)),
    reportSessions: (credential, events, to) =>
      cluster.ask(to, (calls, call) => calls.callReportSessions(credential, events, call)),
    leaveNode: (credential, to) =>
      cluster.ask(to, (calls, call) => calls.callLeaveNode(credential, call)),
  }
}
