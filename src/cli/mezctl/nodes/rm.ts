import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { nodeNameParameter } from './parameters.ts'

export const nodesRm = defineVerb({
  name: 'rm',
  summary: 'remove a node',
  description:
    "Removes a node without asking. Its agent can't renew from then on, and no identity names the node any more. To put the machine's sshd back as it was, run mezd node leave there, which removes the node too.",
  parameters: { ...nodeNameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl nodes rm web-server-01', does: 'remove it' }],
  seeAlso: ['mezd node leave', 'mezctl locks add', 'mezctl nodes ls'],
  async run(values, invocation) {
    const { name, format } = values
    await withHub(values, invocation, (hub, options) => hub.nodes.deleteNode({ name }, options))
    invocation.stdout.write(
      format === 'json' ? formatJson({ removed: name }) : `Node removed: ${printable(name)}\n`,
    )
  },
})
