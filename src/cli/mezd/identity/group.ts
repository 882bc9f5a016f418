import type { VerbGroup } from '../../verb.ts'
import { identityAnsibleConfig } from './ansible-config.ts'
import { identityConfigCheck } from './config-check.ts'
import { identityStart } from './start.ts'
import { identityStatus } from './status.ts'
import { identityWait } from './wait.ts'

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
  verbs: [identityStart, identityStatus, identityWait, identityAnsibleConfig, configGroup],
}
