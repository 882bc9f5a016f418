import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { printList } from '../listing.ts'
import { adminListing } from './view.ts'

export const adminsLs = defineVerb({
  name: 'ls',
  summary: 'list the admin identities',
  description: 'Lists the admin identities that were made and not removed, and when they expire.',
  parameters: { ...formatParameter, ...hubParameters },
  examples: [{ command: 'mezctl admins ls', does: 'who administers from elsewhere' }],
  seeAlso: ['mezctl admins add', 'mezctl admins rm'],
  async run(values, invocation) {
    const { admins } = await withHub(values, invocation, (hub, options) =>
      hub.admins.listAdmins({}, options),
    )
    printList(adminListing, admins, values.format, invocation)
  },
})
