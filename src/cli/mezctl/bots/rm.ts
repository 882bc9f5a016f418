import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { counted } from '../wire-values.ts'
import { nameParameter } from './parameters.ts'

export const botsRm = defineVerb({
  name: 'rm',
  summary: 'remove a bot, its instances and its tokens',
  description:
    "Removes a bot without asking. Its join tokens are invalid and its instances can't renew from then on. Nodes refuse its SSH certificates at once; at other servers those that are out end by themselves.",
  parameters: { ...nameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl bots rm github-deploy', does: 'remove it' }],
  seeAlso: ['mezctl bots lock', 'mezctl bots ls'],
  async run(values, invocation) {
    const { name, format } = values
    const { instancesRemoved } = await withHub(values, invocation, (hub, options) =>
      hub.bots.deleteBot({ name }, options),
    )
    const certificates = instancesRemoved > 0 ? '; certificates that are out end by themselves' : ''
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ removed: name, instances_removed: instancesRemoved })
        : `Bot removed: ${printable(name)} (${counted(instancesRemoved, 'instance')}${certificates})\n`,
    )
  },
})
