import type { VerbGroup } from '../../verb.ts'
import { nodeConfigCheck } from './config-check.ts'
import { nodeInstallSystemd } from './install-systemd.ts'
import { nodeLeave } from './leave.ts'
import { nodeStart } from './start.ts'
import { nodeStatus } from './status.ts'

const installGroup: VerbGroup = {
  name: 'install',
  summary: 'have the machine run it',
  description: 'Makes what a service manager needs to run it from the start of the machine on.',
  verbs: [nodeInstallSystemd],
}

const configGroup: VerbGroup = {
  name: 'config',
  summary: 'look at configuration files',
  description: 'Checks the configuration of a node before it is used.',
  verbs: [nodeConfigCheck],
}

export const nodeGroup: VerbGroup = {
  name: 'node',
  summary: "a machine's sshd: who may enter, from the hub",
  description:
    "Makes a machine with OpenSSH a node. It joins once with a token from `mezctl tokens create`; from then on the agent keeps sshd's files as the roles have it: who may enter, what is revoked, and a host certificate by which bots know the machine. sshd never waits for the agent or the hub.",
  verbs: [nodeStart, nodeStatus, nodeLeave, installGroup, configGroup],
}
