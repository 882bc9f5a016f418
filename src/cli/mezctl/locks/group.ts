import type { VerbGroup } from '../../verb.ts'
import { locksAdd } from './add.ts'
import { locksLs } from './ls.ts'
import { locksRm } from './rm.ts'

export const locks: VerbGroup = {
  name: 'locks',
  summary: 'who and what is locked',
  description:
    'A lock takes effect at once, on every node: logins are refused, sessions that are open end, and a locked bot or instance neither joins nor renews. Administrators lock a bot, an instance, a node, a role or a login; the hub locks an instance whose credential was used twice.',
  verbs: [locksAdd, locksLs, locksRm],
}
