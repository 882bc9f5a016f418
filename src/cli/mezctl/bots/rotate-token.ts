import { formatJson, formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { counted } from '../wire-values.ts'
import { newTokenJson, newTokenText, tokenParameters, tokenRequest } from './join-token.ts'
import { nameParameter } from './parameters.ts'

export const botsRotateToken = defineVerb({
  name: 'rotate-token',
  summary: 'make a new join token and invalidate the old ones',
  description:
    'Makes a new join token for a bot and invalidates those before it. Machines that have joined already go on renewing.',
  parameters: { ...nameParameter, ...tokenParameters, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl bots rotate-token github-deploy', does: 'a fresh token' }],
  seeAlso: ['mezctl bots show', 'mezctl bots lock'],
  async run(values, invocation) {
    const { name, format } = values
    const rotated = await withHub(values, invocation, (hub, options) =>
      hub.bots.rotateToken({ name, ...tokenRequest(values) }, options),
    )
    const { invalidated } = rotated
    const headline = `Join token rotated: ${name} (invalidated: ${counted(invalidated, 'token')})`
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ ...newTokenJson(rotated), invalidated })
        : newTokenText(headline, rotated),
    )
  },
})
