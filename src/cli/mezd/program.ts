import { completionVerb } from '../completion/verb.ts'
import type { Program } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'
import { identityGroup } from './identity/group.ts'

export const mezd: Program = {
  name: 'mezd',
  summary: 'keep machine identities fresh',
  description:
    'Joins a Mezite cluster once with a one-time token, and from then on keeps short-lived SSH certificates fresh for the tools of this machine.',
  verbs: [identityGroup, versionVerb, completionVerb],
}
