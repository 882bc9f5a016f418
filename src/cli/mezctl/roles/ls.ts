import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { allPages, limitParameter, printList } from '../listing.ts'
import { roleListing } from './view.ts'

export const rolesLs = defineVerb({
  name: 'ls',
  summary: 'list the roles',
  description: 'Lists the roles with their descriptions and how often each was changed.',
  parameters: { limit: limitParameter, ...formatParameter, ...hubParameters },
  examples: [{ command: 'mezctl roles ls', does: 'every role' }],
  seeAlso: ['mezctl roles get', 'mezctl roles create'],
  async run(values, invocation) {
    const roles = await withHub(values, invocation, (hub, options) =>
      allPages(values.limit, async (page) => {
        const { roles: items, nextPageToken } = await hub.roles.listRoles(page, options)
        return { items, nextPageToken }
      }),
    )
    printList(roleListing, roles, values.format, invocation)
  },
})
