import { IdentityService } from '../../../gen/mezite/v1/identity_pb.js'
import { AuthError } from '../../errors.ts'
import type { Renewal } from '../../renewal.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { readCertificateRequest, toIssuedIdentity } from './certificates.ts'

export function identityRpcs(renewal: Renewal): readonly Rpc[] {
  return [
    rpc(IdentityService.method.renew, async ({ request }, caller) => {
      // The access table lets no other caller through.
      if (caller.kind !== 'bot') throw new AuthError('internal', 'only a bot can renew')
      const issued = await renewal.renew(caller, readCertificateRequest(request))
      return { identity: toIssuedIdentity(issued) }
    }),
  ]
}
