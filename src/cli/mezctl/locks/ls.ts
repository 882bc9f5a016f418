import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { printList } from '../listing.ts'
import { lockListing } from '../lock-view.ts'

export const locksLs = defineVerb({
  name: 'ls',
  summary: 'list the locks in force',
  description:
    'Lists the locks in force: those that administrators set, and those that the hub set on an instance whose credential was used twice.',
  parameters: { ...formatParameter, ...hubParameters },
  examples: [{ command: 'mezctl locks ls', does: 'see who is locked out, and why' }],
  seeAlso: ['mezctl locks add', 'mezctl locks rm', 'mezctl bots unlock'],
  async run(values, invocation) {
    const { locks } = await withHub(values, invocation, (hub, options) =>
      hub.locks.listLocks({}, options),
    )
    printList(lockListing, locks, values.format, invocation)
  },
})
