import type { MessageInitShape } from '@bufbuild/protobuf'
import { type AdminSchema, AdminService } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { Auth } from '../../auth.ts'
import { AuthError } from '../../errors.ts'
import type { AdminRecord } from '../../records.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optionalDuration } from './fields.ts'

export function adminRpcs({ admins, context }: Auth): readonly Rpc[] {
  const { method } = AdminService
  const { authorities, publicAddress } = context
  const tlsCas = () => authorities.tlsCas.map(({ certificate }) => certificate.der)
  return [
    rpc(method.createAdmin, async (request, caller) => {
      const { admin, certificate } = await admins.create(caller, {
        name: request.name,
        publicKey: Buffer.from(request.publicKey),
        ttl: optionalDuration('ttl', request.ttl),
      })
      return {
        admin: toAdmin(admin),
        certificate,
        tlsCa: tlsCas(),
        publicAddress: publicAddress(),
      }
    }),
    rpc(method.renewAdmin, async (request, caller) => {
      // The access table lets no other caller through.
      if (caller.kind !== 'admin') throw new AuthError('internal', 'only an admin has this call')
      const renewed = await admins.renew(caller, Buffer.from(request.publicKey))
      return {
        admin: toAdmin(renewed.admin),
        certificate: renewed.certificate,
        tlsCa: tlsCas(),
      }
    }),
    rpc(method.listAdmins, async () => ({ admins: (await admins.list()).map(toAdmin) })),
    rpc(method.deleteAdmin, async ({ name }, caller) => {
      await admins.remove(caller, name)
      return {}
    }),
  ]
}

function toAdmin(record: AdminRecord): MessageInitShape<typeof AdminSchema> {
  const { name, createdAt, createdBy, expiresAt } = record
  return {
    name,
    createdAt: toTimestamp(createdAt),
    createdBy,
    expiresAt: toTimestamp(expiresAt),
  }
}
