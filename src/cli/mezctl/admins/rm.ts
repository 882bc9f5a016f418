import { required } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'

export const adminsRm = defineVerb({
  name: 'rm',
  summary: 'remove an admin identity',
  description: 'Removes an admin identity without asking: its file is worthless from then on.',
  parameters: {
    name: required(text('NAME'), { help: 'whose identity' }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [{ command: 'mezctl admins rm alice', does: 'when Alice has left' }],
  seeAlso: ['mezctl admins ls'],
  async run(values, invocation) {
    const { name, format } = values
    await withHub(values, invocation, (hub, options) => hub.admins.deleteAdmin({ name }, options))
    invocation.stdout.write(
      format === 'json' ? formatJson({ removed: name }) : `Admin removed: ${printable(name)}\n`,
    )
  },
})
