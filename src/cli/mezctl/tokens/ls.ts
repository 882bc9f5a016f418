import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { printList } from '../listing.ts'
import { tokenListing } from '../token-view.ts'

export const tokensLs = defineVerb({
  name: 'ls',
  summary: 'list the join tokens for nodes',
  description:
    'Lists the join tokens for nodes, never their values: how often each can still be used, and until when.',
  parameters: { ...formatParameter, ...hubParameters },
  examples: [{ command: 'mezctl tokens ls', does: 'every token' }],
  seeAlso: ['mezctl tokens create', 'mezctl tokens rm', 'mezctl bots show'],
  async run(values, invocation) {
    const { tokens } = await withHub(values, invocation, (hub, options) =>
      hub.tokens.listTokens({}, options),
    )
    printList(tokenListing, tokens, values.format, invocation)
  },
})
