import { optional } from '../../../base/parameter.ts'
import { duration } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { toSeconds } from '../wire-values.ts'
import {
  newTokenJson,
  newTokenText,
  tokenParameters,
  tokenRequest,
  withheldText,
} from './join-token.ts'
import { nameParameter, rolesParameter } from './parameters.ts'

export const botsAdd = defineVerb({
  name: 'add',
  summary: 'create a bot and its join token',
  description:
    'Creates a bot: an identity for a machine or a pipeline, with the roles that say where it may log in. Prints a join token, this once, with which mezd joins as that bot.',
  parameters: {
    ...nameParameter,
    ...rolesParameter,
    identityTtl: optional(duration, {
      help: 'how long a machine may be off before it needs a new token',
      defaultText: '24h',
    }),
    ...tokenParameters,
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [
    {
      command: 'mezctl bots add --name=github-deploy --roles=ci-deployer --token-ttl=1h',
      does: 'a bot for a pipeline',
    },
    {
      command: 'mezctl bots add runner --roles=ci-deployer --format json | jq -r .token.value',
      does: 'the bare token, for a script',
    },
  ],
  seeAlso: ['mezctl roles create', 'mezctl bots rotate-token', 'mezd identity start'],
  async run(values, invocation) {
    const { name, roles, identityTtl, format } = values
    const created = await withHub(values, invocation, (hub, options) =>
      hub.bots.createBot(
        {
          name,
          roles: [...roles],
          ...tokenRequest(values),
          ...(identityTtl !== undefined && { identityTtl: toSeconds(identityTtl) }),
        },
        options,
      ),
    )
    invocation.stderr.write(format === 'text' ? withheldText(created.bot) : '')
    const headline = `Bot created: ${name} (roles: ${(created.bot?.roles ?? roles).join(', ')})`
    invocation.stdout.write(
      format === 'json' ? formatJson(newTokenJson(created)) : newTokenText(headline, created),
    )
  },
})
