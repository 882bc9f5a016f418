/** What an operator can say of a node: as flags, in the environment, in a file. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { directory, file, integer, labels, list, text } from '../../../base/value-kind.ts'
import type { NodeParameters } from '../../../node/parameters.ts'
import type { Invocation } from '../../invocation.ts'
import { logParameters } from '../../log-parameters.ts'
import { diagParameters } from '../../service/diag-parameter.ts'
import { hubAddress, hubParameters } from '../hub-parameters.ts'
import { hubTrust } from '../hub-trust.ts'
import { machineNames, orderHosts } from './machine-hosts.ts'
import { strictness } from './strictness.ts'

const NODE = 'Node:'
const SSHD = 'sshd:'

const STATE_DIRECTORY = '/var/lib/mezite/node'
const RUN_DIRECTORY = '/run/mezite'
const PAM_DIRECTORY = '/etc/pam.d'
const SSH_PORT = 22

/** What finds a node again on this machine. */
export const nodeStateParameters = {
  stateDir: withDefault(directory, STATE_DIRECTORY, {
    help: "directory of the node's renewable credential",
    env: 'MEZITE_STATE_DIR',
    group: NODE,
  }),
  runDir: optional(directory, {
    help: 'directory of what a reboot may forget: the sessions',
    env: 'MEZITE_RUN_DIR',
    defaultText: `${RUN_DIRECTORY}; with another state directory, run in that`,
    group: NODE,
  }),
}

export const sshdParameters = {
  sshdDir: withDefault(directory, '/etc/ssh', {
    help: "directory of the machine's sshd_config",
    env: 'MEZITE_SSHD_DIR',
    group: SSHD,
  }),
  sshdPath: withDefault(file, '/usr/sbin/sshd', {
    help: 'the program of sshd',
    env: 'MEZITE_SSHD_PATH',
    group: SSHD,
  }),
}

export const nodeStartParameters = {
  ...hubParameters('token from mezctl tokens create; needed until the node has joined'),
  name: withDefault(text('NAME'), () => hostname().toLowerCase(), {
    help: 'what the node is called',
    defaultText: "this machine's host name, in lower case",
    group: NODE,
  }),
  labels: withDefault(labels, () => ({}), {
    help: 'by what roles choose it',
    defaultText: 'none',
    group: NODE,
  }),
  hosts: optional(list(text('HOST')), {
    help: 'names and addresses under which it is reached, the first of them by bots',
    defaultText: "this machine's names and addresses",
    group: NODE,
  }),
  port: optional(integer(1, 65_535, 'PORT'), {
    help: 'the port of sshd, where bots find it',
    defaultText: `--sshd-port, or ${SSH_PORT}`,
    group: NODE,
  }),
  strict: withDefault(strictness, () => undefined, {
    help: 'close by itself when out of touch with the hub for so long; alone: 10m',
    defaultText: 'logins that were granted go on',
    group: NODE,
  }),
  ...nodeStateParameters,
  ...sshdParameters,
  sshdPort: optional(integer(1, 65_535, 'PORT'), {
    help: 'run an sshd of its own on this port, for tests and containers',
    defaultText: "use the machine's sshd",
    group: SSHD,
  }),
  sshdListen: optional(text('ADDRESS'), {
    help: 'where that sshd listens',
    defaultText: 'everywhere',
    group: SSHD,
  }),
  ...diagParameters,
  ...logParameters,
}

export type NodeStartValues = Values<typeof nodeStartParameters>

export function nodeDirectories({ stateDir, runDir }: Values<typeof nodeStateParameters>) {
  const isDefault = stateDir === STATE_DIRECTORY
  return {
    stateDirectory: stateDir,
    runDirectory: runDir ?? (isDefault ? RUN_DIRECTORY : join(stateDir, 'run')),
  }
}

export function sshdPlaces({ sshdDir, sshdPath }: Values<typeof sshdParameters>) {
  return { sshd: sshdPath, sshdDirectory: sshdDir, pamDirectory: PAM_DIRECTORY }
}

/** Resolves what a value only names: the machine's own hosts, and files of root certificates. */
export async function nodeParameters(
  values: NodeStartValues,
  invocation: Pick<Invocation, 'cwd'>,
): Promise<NodeParameters> {
  const { sshdPort, sshdListen } = values
  const authServer = hubAddress(values.authServer)
  const listened = sshdPort === undefined || sshdListen === undefined ? undefined : [sshdListen]
  return {
    ...nodeDirectories(values),
    ...sshdPlaces(values),
    ownSshd: sshdPort === undefined ? undefined : { port: sshdPort, listen: sshdListen },
    authServer,
    joinToken: values.joinToken,
    name: values.name,
    labels: values.labels,
    hosts: values.hosts ?? listened ?? orderHosts(await machineNames(authServer)),
    port: values.port ?? sshdPort ?? SSH_PORT,
    strictMs: values.strict,
    trust: await hubTrust(values.caFile, invocation),
  }
}
