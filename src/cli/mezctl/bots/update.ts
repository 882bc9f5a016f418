import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { withheldText } from './join-token.ts'
import { nameParameter, rolesParameter } from './parameters.ts'
import { botJson } from './view.ts'

export const botsUpdate = defineVerb({
  name: 'update',
  summary: "change a bot's roles",
  description:
    'Gives a bot these roles in place of those it has. Nodes follow within a second; what its certificates carry follows at the next renewal of each instance.',
  parameters: { ...nameParameter, ...rolesParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [
    { command: 'mezctl bots update runner --roles=ci-deployer,monitoring', does: 'two roles' },
  ],
  seeAlso: ['mezctl bots show', 'mezctl roles ls'],
  async run(values, invocation) {
    const { name, roles, format } = values
    const { bot } = await withHub(values, invocation, (hub, options) =>
      hub.bots.updateBot({ name, roles: [...roles] }, options),
    )
    invocation.stderr.write(format === 'text' ? withheldText(bot) : '')
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ bot: bot ? botJson(bot) : null })
        : `Bot updated: ${printable(`${name} (roles: ${(bot?.roles ?? roles).join(', ')})`)}\n`,
    )
  },
})
