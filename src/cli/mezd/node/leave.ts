import { parseAddress } from '../../../base/address.ts'
import { messageOf } from '../../../base/errors.ts'
import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { address, boolean, text } from '../../../base/value-kind.ts'
import type { NodeParameters } from '../../../node/parameters.ts'
import type { NodeStatus } from '../../../node/status.ts'
import type { Invocation } from '../../invocation.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubTrust } from '../hub-trust.ts'
import { nodeDirectories, nodeStateParameters, sshdParameters, sshdPlaces } from './parameters.ts'

const leaveParameters = {
  ...nodeStateParameters,
  ...sshdParameters,
  authServer: optional(address(3025), {
    help: 'where the hub is now',
    env: 'MEZITE_AUTH_SERVER',
    defaultText: 'where the node was renewed last',
    group: 'Hub:',
  }),
  caFile: optional(text('FILE'), {
    help: 'recognise the hub by these root certificates (PEM), or by the public ones: system',
    defaultText: "by the cluster's own CA",
    group: 'Hub:',
  }),
  force: withDefault(boolean, () => false, {
    help: 'put the machine back also when the hub can not be told',
  }),
}

export const nodeLeave = defineVerb({
  name: 'leave',
  summary: 'take this machine out of the cluster',
  description:
    "Has the hub forget the node, and puts sshd back as it was before: the drop-in, the files that it names and the node's state go; keys and settings of the administrator stay. Stop the agent first. Sessions that are open stay.",
  parameters: { ...leaveParameters, ...formatParameter },
  examples: [
    { command: 'mezd node leave', does: 'leave' },
    { command: 'mezd node leave --force', does: 'the same where the hub is gone for good' },
  ],
  seeAlso: ['mezd node start', 'mezctl nodes rm'],
  async run(values, invocation) {
    const { readNodeStatus } = await import('../../../node/status.ts')
    const { leaveNode } = await import('../../../node/leave.ts')
    const { nodePorts } = await import('./ports.ts')
    const { clock, signal, stdout, stderr } = invocation
    const ports = nodePorts(invocation)
    const status = await readNodeStatus({ fs: ports.fs, clock }, nodeDirectories(values))
    const parameters = await parametersOf(values, status, invocation)
    const { hubError } = await leaveNode({ ports, parameters, signal, force: values.force })
    const name = status.name ?? null
    const told = hubError === undefined
    if (!told) {
      const remove = name === null ? '' : `; remove it there: mezctl nodes rm ${name}`
      stderr.write(`${printable(`note: the hub was not told: ${messageOf(hubError)}${remove}`)}\n`)
    }
    stdout.write(
      values.format === 'json'
        ? formatJson({ left: name, hub_told: told })
        : `Node left: ${printable(name ?? 'this machine')} (sshd is as it was before)\n`,
    )
  },
})

/** What the agent was started with, as far as it matters for the way out. */
async function parametersOf(
  values: Values<typeof leaveParameters>,
  { hub, name }: NodeStatus,
  invocation: Pick<Invocation, 'cwd'>,
): Promise<NodeParameters> {
  return {
    ...nodeDirectories(values),
    ...sshdPlaces(values),
    // Nobody is called where there is no identity that says whom.
    authServer: values.authServer ?? parseAddress(hub ?? 'localhost:3025'),
    joinToken: undefined,
    name: name ?? '',
    labels: {},
    hosts: [],
    port: 22,
    ownSshd: undefined,
    strictMs: undefined,
    trust: await hubTrust(values.caFile, invocation),
  }
}
