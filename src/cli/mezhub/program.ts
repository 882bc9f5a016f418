import { completionVerb } from '../completion/verb.ts'
import type { Program, VerbGroup } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'
import { hubBackup } from './backup.ts'
import { hubCaPassphrase } from './ca-passphrase.ts'
import { hubConfigCheck } from './config-check.ts'
import { hubInstallSystemd } from './install-systemd.ts'
import { hubRecordRestore } from './record-restore.ts'
import { hubRestore } from './restore.ts'
import { hubStart } from './start.ts'

const configGroup: VerbGroup = {
  name: 'config',
  summary: 'look at configuration files',
  description: 'Checks the configuration of a hub before it is used.',
  verbs: [hubConfigCheck],
}

const installGroup: VerbGroup = {
  name: 'install',
  summary: 'have the machine run it',
  description: 'Makes what a service manager needs to run it from the start of the machine on.',
  verbs: [hubInstallSystemd],
}

export const mezhub: Program = {
  name: 'mezhub',
  summary: 'the auth service of a Mezite cluster',
  description:
    'Holds the CAs, bots, roles and the audit log of a cluster, and issues its certificates. mezctl administers it.',
  verbs: [
    hubStart,
    hubBackup,
    hubRestore,
    hubCaPassphrase,
    hubRecordRestore,
    installGroup,
    configGroup,
    versionVerb,
    completionVerb,
  ],
}
