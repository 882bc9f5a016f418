import type { VerbGroup } from '../../verb.ts'
import { tokensCreate } from './create.ts'
import { tokensLs } from './ls.ts'
import { tokensRm } from './rm.ts'

export const tokens: VerbGroup = {
  name: 'tokens',
  summary: 'join tokens for nodes',
  description:
    "A join token lets a machine become a node of this cluster. A bot's tokens are made with the bot: mezctl bots add.",
  verbs: [tokensCreate, tokensLs, tokensRm],
}
