import { completionVerb } from '../completion/verb.ts'
import type { Program, VerbGroup } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'
import { hubBackup } from './backup.ts'
import { hubConfigCheck } from './config-check.ts'
import { hubRestore } from './restore.ts'
import { hubStart } from './start.ts'

const configGroup: VerbGroup = {
  name: 'config',
  summary: 'look at configuration files',
  description: 'Checks the configuration of a hub before it is used.',
  verbs: [hubConfigCheck],
}

export const mezhub: Program = {
  name: 'mezhub',
  summary: 'the auth service of a Mezite cluster',
  description:
    'Holds the CAs, bots, roles and the audit log of a cluster, and issues its certificates. mezctl administers it.',
  verbs: [hubStart, hubBackup, hubRestore, configGroup, versionVerb, completionVerb],
}
