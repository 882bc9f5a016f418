import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { printList } from '../listing.ts'
import { anyCa } from './types.ts'
import { authorityListing } from './view.ts'

export const caLs = defineVerb({
  name: 'ls',
  summary: 'list the CAs',
  description:
    'Lists the CAs with their fingerprints, and which of them sign. While a CA is rotated there are two of its type: the one in place, and the one on its way in with the phase of its rotation.',
  parameters: { type: anyCa, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl ca ls', does: 'every CA' },
    { command: 'mezctl ca ls --type=user', does: 'the User CA' },
  ],
  seeAlso: ['mezctl ca status', 'mezctl ca export', 'mezctl ca rotate'],
  async run(values, invocation) {
    const { type = '', format } = values
    const { authorities } = await withHub(values, invocation, (hub, options) =>
      hub.authorities.listAuthorities({ type }, options),
    )
    printList(authorityListing, authorities, format, invocation)
  },
})
