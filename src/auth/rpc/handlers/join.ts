import { JoinService } from '../../../gen/mezite/v1/identity_pb.js'
import type { Joining } from '../../joining.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { readCertificateRequest, toIssuedIdentity } from './certificates.ts'

export function joinRpcs(joining: Joining): readonly Rpc[] {
  return [
    rpc(JoinService.method.join, async ({ joinToken, request }, caller) => ({
      identity: toIssuedIdentity(
        await joining.join(caller, joinToken, readCertificateRequest(request)),
      ),
    })),
  ]
}
