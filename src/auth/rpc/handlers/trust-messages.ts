import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ReachableNodeSchema, TrustBundleSchema } from '../../../gen/mezite/v1/identity_pb.js'
import { toDuration } from '../../../rpc/times.ts'
import type { ReachableNode } from '../../board/evaluate-access.ts'
import { AuthError } from '../../errors.ts'
import type { TrustBundle } from '../../issuing.ts'
import type { RotationDuties } from '../../rotations.ts'

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

/** What a rotation asks of whoever watches. */
export function toDuties(duties: RotationDuties | undefined) {
  const { reportTrust = false, renewWithinMs } = duties ?? {}
  return {
    reportTrust,
    ...(renewWithinMs !== undefined && { renewWithin: toDuration(renewWithinMs) }),
  }
}

const DIGEST_LENGTH = 32

/** In hexadecimal. @throws AuthError `invalid-request` */
export function readDigest(bytes: Uint8Array): string {
  if (bytes.length === DIGEST_LENGTH) return Buffer.from(bytes).toString('hex')
  throw new AuthError('invalid-request', 'trust_digest is not a SHA-256')
}
