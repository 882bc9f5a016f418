import type { Role } from '../../../gen/mezite/v1/admin_pb.js'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { fromFileParameter, readRoleDocuments } from './documents.ts'
import { roleJson } from './view.ts'

export const rolesCreate = defineVerb({
  name: 'create',
  summary: 'create roles from a file',
  description:
    'Creates the roles in a file of YAML documents, separated by ---. A role says which nodes, by their labels, and which logins it allows and denies, and with which options.',
  parameters: { ...fromFileParameter, ...formatParameter, ...hubParameters },
  positional: ['fromFile'],
  examples: [
    { command: 'mezctl roles create --from-file ci-deployer.yaml', does: 'define a role' },
  ],
  seeAlso: ['mezctl roles validate', 'mezctl roles update', 'mezctl bots add'],
  async run(values, invocation) {
    const { fromFile, format } = values
    const documents = await readRoleDocuments(fromFile, invocation)
    const created: Role[] = []
    await withHub(values, invocation, async (hub, options) => {
      for (const { document } of documents) {
        const { role } = await hub.roles.createRole({ document }, options)
        if (role) created.push(role)
        // One by one: what went well before a failure is said.
        if (role && format === 'text') {
          invocation.stdout.write(`Role created: ${printable(role.name)}\n`)
        }
      }
    })
    if (format === 'json') invocation.stdout.write(formatJson(created.map(roleJson)))
  },
})
