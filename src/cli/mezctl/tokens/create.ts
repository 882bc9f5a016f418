import { optional, required } from '../../../base/parameter.ts'
import { choice, duration, integer } from '../../../base/value-kind.ts'
import type { CreateTokenResponse } from '../../../gen/mezite/v1/node_pb.js'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { newTokenLine, tokenValueJson } from '../token-view.ts'
import { toSeconds } from '../wire-values.ts'

export const tokensCreate = defineVerb({
  name: 'create',
  summary: 'make a join token for nodes',
  description:
    'Makes a join token, with which mezd node makes a machine with OpenSSH a node of this cluster. Prints it, this once.',
  parameters: {
    roles: required(choice('node'), { help: 'what a machine that joins with it becomes' }),
    ttl: optional(duration, { help: 'how long it can be used', defaultText: '1h' }),
    uses: optional(integer(1, 10_000), {
      help: 'how many machines may join with it',
      defaultText: '1',
    }),
    ...formatParameter,
    ...hubParameters,
  },
  examples: [
    { command: 'mezctl tokens create --roles=node --ttl=1h', does: 'a token for one machine' },
    {
      command:
        'mezctl tokens create --roles=node --uses=20 --format json | jq -r .token.value > node-token',
      does: 'the bare token, for an image of which twenty machines are made',
    },
  ],
  seeAlso: ['mezd node start', 'mezctl tokens ls', 'mezctl nodes ls'],
  async run(values, invocation) {
    const { roles, ttl, uses, format } = values
    const created = await withHub(values, invocation, (hub, options) =>
      hub.tokens.createToken(
        {
          role: roles,
          ...(ttl !== undefined && { ttl: toSeconds(ttl) }),
          ...(uses !== undefined && { uses }),
        },
        options,
      ),
    )
    invocation.stdout.write(
      format === 'json' ? formatJson(createdJson(created)) : createdText(created),
    )
  },
})

function createdJson({ token, publicAddress }: CreateTokenResponse) {
  return { token: tokenValueJson(token), hub: { address: publicAddress } }
}

function createdText({ token, publicAddress }: CreateTokenResponse): string {
  const server = printable(publicAddress)
  const value = printable(token?.value ?? '')
  return [
    newTokenLine(token),
    '',
    'Use this token with mezd node, on the machine itself, as root:',
    `mezd node start --auth-server=${server} --join-token=${value} --labels=KEY=VALUE`,
    '',
  ].join('\n')
}
