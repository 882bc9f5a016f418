import { formatJson, formatParameter } from '../../output-format.ts'
import { printableLines } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { roleNameParameter } from './documents.ts'
import { roleJson } from './view.ts'

export const rolesGet = defineVerb({
  name: 'get',
  summary: "print a role's document",
  description: 'Prints the YAML document of a role, ready to be edited and given back with update.',
  parameters: { ...roleNameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [
    { command: 'mezctl roles get ci-deployer > ci-deployer.yaml', does: 'edit it, then update it' },
  ],
  seeAlso: ['mezctl roles update', 'mezctl roles ls'],
  async run(values, invocation) {
    const { role } = await withHub(values, invocation, (hub, options) =>
      hub.roles.getRole({ name: values.name }, options),
    )
    if (!role) throw new Error('the hub sent no role')
    invocation.stdout.write(
      values.format === 'json' ? formatJson(roleJson(role)) : printableLines(role.document),
    )
  },
})
