import type { VerbGroup } from '../../verb.ts'
import { locksLs } from './ls.ts'

export const locks: VerbGroup = {
  name: 'locks',
  summary: 'who is locked out',
  description:
    'A lock keeps a bot, or one instance of it, from joining and renewing. Administrators set locks on bots; the hub locks an instance whose credential was used twice.',
  verbs: [locksLs],
}
