/** `mezctl`: administration. One file for each verb: it asks the hub and prints the answer. */
import { completionVerb } from '../completion/verb.ts'
import { formatParameter } from '../output-format.ts'
import type { Program } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'
import { access } from './access/group.ts'
import { admins } from './admins/group.ts'
import { audit } from './audit/group.ts'
import { bots } from './bots/group.ts'
import { ca } from './ca/group.ts'
import { certs } from './certs/group.ts'
import { hubParameters } from './connection.ts'
import { locks } from './locks/group.ts'
import { nodes } from './nodes/group.ts'
import { roles } from './roles/group.ts'
import { sessions } from './sessions/group.ts'
import { status } from './status.ts'
import { tokens } from './tokens/group.ts'
import { top } from './top/top.ts'

export const mezctl: Program = {
  name: 'mezctl',
  summary: 'administer a Mezite hub',
  description:
    "Administers a Mezite hub: the roles, the bots that have them, the nodes that they may enter, join tokens, locks, sessions and the audit log. On the hub's machine it works at once, through the unix socket in the hub's data directory; from elsewhere with an admin identity file.",
  globals: { ...formatParameter, ...hubParameters },
  verbs: [
    bots,
    roles,
    nodes,
    tokens,
    access,
    locks,
    sessions,
    certs,
    ca,
    admins,
    audit,
    status,
    top,
    versionVerb,
    completionVerb,
  ],
  examples: [
    {
      command: 'mezctl roles create --from-file ci-deployer.yaml',
      does: 'say who may log in where',
    },
    { command: 'mezctl bots add --name=github-deploy --roles=ci-deployer', does: 'add a bot' },
    { command: 'mezctl tokens create --roles=node', does: 'add a node' },
    { command: 'mezctl status --identity-file alice.mezite', does: 'from another machine' },
  ],
  seeAlso: ['mezhub start', 'mezd identity start', 'mezd node start'],
}
