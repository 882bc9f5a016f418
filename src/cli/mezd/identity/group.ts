import type { VerbGroup } from '../../verb.ts'
import { identityAnsibleConfig } from './ansible-config.ts'
import { identityConfigCheck } from './config-check.ts'
import { identityInstallSystemd } from './install-systemd.ts'
import { identityStart } from './start.ts'
import { identityStatus } from './status.ts'
import { identityWait } from './wait.ts'

const installGroup: VerbGroup = {
  name: 'install',
  summary: 'have the machine run it',
  description: 'Makes what a service manager needs to run it from the start of the machine on.',
  verbs: [identityInstallSystemd],
}

const configGroup: VerbGroup = {
  name: 'config',
  summary: 'look at configuration files',
  description: 'Checks the configuration of a bot before it is used.',
  verbs: [identityConfigCheck],
}

export const identityGroup: VerbGroup = {
  name: 'identity',
  summary: "a bot's certificates: join, renew, publish",
  description:
    'A bot joins once with a token from `mezctl bots add`. Its SSH key and certificate are written to a directory, and renewed there for as long as the daemon runs.',
  verbs: [
    identityStart,
    identityStatus,
    identityWait,
    identityAnsibleConfig,
    installGroup,
    configGroup,
  ],
}
