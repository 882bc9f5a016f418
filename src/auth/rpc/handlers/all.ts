import type { Auth } from '../../auth.ts'
import type { Rpc } from '../rpc.ts'
import { adminRpcs } from './admins.ts'
import { auditRpcs } from './audit.ts'
import { authorityRpcs } from './authorities.ts'
import { botRpcs } from './bots.ts'
import { identityRpcs } from './identity.ts'
import { joinRpcs } from './join.ts'
import { lockRpcs } from './locks.ts'
import { roleRpcs } from './roles.ts'
import { statusRpcs } from './status.ts'

/** Every RPC that the hub answers. */
export function hubRpcs(auth: Auth, version: string): readonly Rpc[] {
  const { store, authorities } = auth.context
  return [
    ...joinRpcs(auth.joining),
    ...identityRpcs(auth.renewal),
    ...roleRpcs(auth.roles),
    ...botRpcs(auth),
    ...lockRpcs(auth.locks),
    ...adminRpcs(auth),
    ...authorityRpcs(authorities.records),
    ...auditRpcs(store.audit),
    ...statusRpcs(auth, version),
  ]
}
