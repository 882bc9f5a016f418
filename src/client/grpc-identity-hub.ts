/**
 * The hub over the wire. This folder holds all gRPC of the client side.
 *
 * - Nothing is sent to a server before it has proved to be the hub.
 * - A call is made once; whether to repeat it is for the caller to decide.
 * - Every connection is closed when its call ends, however it ends.
 */
import { ClusterCalls, type ClusterOptions } from './cluster-calls.ts'
import type { ClientDescription } from './identity-calls.ts'
import type { IdentityHub } from './identity-hub.ts'

export interface GrpcIdentityHubOptions extends ClusterOptions {
  readonly client: ClientDescription
}

export function createGrpcIdentityHub({ client, ...options }: GrpcIdentityHubOptions): IdentityHub {
  const cluster = new ClusterCalls(options, () => import('./identity-calls.ts'))
  return {
    join: (token, request, to) =>
      cluster.ask(to, (calls, call) => calls.callJoin(token, { ...call, client, request })),
    renew: (credential, request, to) =>
      cluster.ask(to, (calls, call) => calls.callRenew(credential, { ...call, client, request })),
    watch: (credential, to) =>
      cluster.stream(to, (calls, call) => calls.watchIdentity(credential, call)),
    reportTrust: (credential, trustDigest, to) =>
      cluster.ask(to, (calls, call) => calls.callReportTrust(credential, trustDigest, call)),
  }
}
