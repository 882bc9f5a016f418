import { completionVerb } from '../completion/verb.ts'
import type { Program } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'
import { identityGroup } from './identity/group.ts'
import { nodeGroup } from './node/group.ts'

export const mezd: Program = {
  name: 'mezd',
  summary: 'keep machine identities fresh, and nodes up to date',
  description:
    "Joins a Mezite cluster once with a one-time token. As an identity it keeps short-lived SSH certificates fresh for the tools of this machine; as a node it keeps this machine's sshd as the roles have it.",
  verbs: [identityGroup, nodeGroup, versionVerb, completionVerb],
}
