import type { Auth } from '../../auth.ts'
import type { Rpc } from '../rpc.ts'
import { accessRpcs } from './access.ts'
import { adminRpcs } from './admins.ts'
import { auditRpcs } from './audit.ts'
import { authorityRpcs } from './authorities.ts'
import { botRpcs } from './bots.ts'
import { certificateRpcs } from './certificate-list.ts'
import { healthRpcs } from './health.ts'
import { identityRpcs } from './identity.ts'
import { joinRpcs } from './join.ts'
import { lockRpcs } from './locks.ts'
import { nodeAgentRpcs } from './node-agent.ts'
import { nodeJoinRpcs } from './node-join.ts'
import { nodeRpcs } from './nodes.ts'
import { roleRpcs } from './roles.ts'
import { sessionRpcs } from './sessions.ts'
import { statusRpcs } from './status.ts'
import { tokenRpcs } from './tokens.ts'

/**
 * Every RPC that the hub answers.
 *
 * @param isServing whether the hub is in a state to serve, for its health service
 */
export function hubRpcs(auth: Auth, version: string, isServing: () => boolean): readonly Rpc[] {
  return [
    ...joinRpcs(auth.joining),
    ...identityRpcs(auth),
    ...nodeJoinRpcs(auth.nodeJoining),
    ...nodeAgentRpcs(auth),
    ...roleRpcs(auth.roles),
    ...botRpcs(auth),
    ...lockRpcs(auth.locks),
    ...nodeRpcs(auth),
    ...tokenRpcs(auth),
    ...accessRpcs(auth.board),
    ...sessionRpcs(auth.sessions),
    ...adminRpcs(auth),
    ...authorityRpcs(auth),
    ...certificateRpcs(auth.inventory),
    ...auditRpcs(auth.audit, auth.context),
    ...statusRpcs(auth, version),
    ...healthRpcs(isServing),
  ]
}
