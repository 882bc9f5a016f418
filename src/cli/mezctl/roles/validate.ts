import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { fileName } from '../../text-file.ts'
import { defineVerb } from '../../verb.ts'
import { counted } from '../wire-values.ts'
import { fromFileParameter, readRoleDocuments } from './documents.ts'

export const rolesValidate = defineVerb({
  name: 'validate',
  summary: 'check a file of roles, without a hub',
  description:
    'Checks role documents as the hub would, and names the line and key of every problem. Needs no hub: for editors, commit hooks and pipelines.',
  parameters: { ...fromFileParameter, ...formatParameter },
  positional: ['fromFile'],
  examples: [{ command: 'mezctl roles validate --from-file roles.yaml', does: 'before a commit' }],
  seeAlso: ['mezctl roles create', 'mezctl roles update'],
  async run({ fromFile, format }, invocation) {
    const documents = await readRoleDocuments(fromFile, invocation)
    const names = documents.map(({ role }) => role.name)
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ valid: true, roles: names })
        : `${printable(fileName(fromFile))}: ${counted(names.length, 'role')}, valid (${names.join(', ')})\n`,
    )
  },
})
