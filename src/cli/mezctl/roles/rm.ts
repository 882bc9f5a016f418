import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { roleNameParameter } from './documents.ts'

export const rolesRm = defineVerb({
  name: 'rm',
  summary: 'remove a role',
  description: 'Removes a role without asking. A role that a bot has is refused.',
  parameters: { ...roleNameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl roles rm ci-deployer', does: 'remove it' }],
  seeAlso: ['mezctl bots update', 'mezctl roles ls'],
  async run(values, invocation) {
    const { name, format } = values
    await withHub(values, invocation, (hub, options) => hub.roles.deleteRole({ name }, options))
    invocation.stdout.write(
      format === 'json' ? formatJson({ removed: name }) : `Role removed: ${printable(name)}\n`,
    )
  },
})
