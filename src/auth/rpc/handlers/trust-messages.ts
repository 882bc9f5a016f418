import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ReachableNodeSchema, TrustBundleSchema } from '../../../gen/mezite/v1/identity_pb.js'
import type { ReachableNode } from '../../board/evaluate-access.ts'
import type { TrustBundle } from '../../issuing.ts'

export function toTrust(trust: TrustBundle): MessageInitShape<typeof TrustBundleSchema> {
  return {
    clusterId: trust.clusterId,
    tlsCa: [...trust.tls],
    userCa: [...trust.user],
    hostCa: [...trust.host],
  }
}

export function toReachableNode({
  name,
  hosts,
  port,
  logins,
}: ReachableNode): MessageInitShape<typeof ReachableNodeSchema> {
  const [host = name] = hosts
  return { name, host, port, logins: [...logins] }
}
