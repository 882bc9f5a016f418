import { required } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'

export const tokensRm = defineVerb({
  name: 'rm',
  summary: 'remove a join token',
  description:
    'Removes a join token: nobody can join with it any more. Nodes that have joined with it already stay.',
  parameters: {
    id: required(text('ID'), { help: "the token's ID, as in mezctl tokens ls" }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['id'],
  examples: [{ command: 'mezctl tokens rm ID', does: 'invalidate it' }],
  seeAlso: ['mezctl tokens ls', 'mezctl nodes rm'],
  async run(values, invocation) {
    const { id, format } = values
    await withHub(values, invocation, (hub, options) => hub.tokens.deleteToken({ id }, options))
    invocation.stdout.write(
      format === 'json' ? formatJson({ removed: id }) : `Join token removed: ${printable(id)}\n`,
    )
  },
})
