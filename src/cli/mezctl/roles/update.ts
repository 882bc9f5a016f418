import type { Role } from '../../../gen/mezite/v1/admin_pb.js'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { fromFileParameter, readRoleDocuments } from './documents.ts'
import { roleJson } from './view.ts'

export const rolesUpdate = defineVerb({
  name: 'update',
  summary: 'replace roles by those in a file',
  description:
    'Replaces each role that the file describes by what stands there. Nodes follow within a second; what certificates carry follows at the next renewal of each bot with that role.',
  parameters: { ...fromFileParameter, ...formatParameter, ...hubParameters },
  positional: ['fromFile'],
  examples: [
    { command: 'mezctl roles update --from-file ci-deployer.yaml', does: 'after editing it' },
  ],
  seeAlso: ['mezctl roles validate', 'mezctl roles get'],
  async run(values, invocation) {
    const { fromFile, format } = values
    const documents = await readRoleDocuments(fromFile, invocation)
    const updated: Role[] = []
    await withHub(values, invocation, async (hub, options) => {
      for (const { document } of documents) {
        const { role } = await hub.roles.updateRole({ document }, options)
        if (role) updated.push(role)
        // One by one: what went well before a failure is said.
        if (role && format === 'text') {
          invocation.stdout.write(`Role updated: ${printable(role.name)}\n`)
        }
      }
    })
    if (format === 'json') invocation.stdout.write(formatJson(updated.map(roleJson)))
  },
})
