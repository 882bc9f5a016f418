import type { VerbGroup } from '../../verb.ts'
import { botsAdd } from './add.ts'
import { botsInstances } from './instances.ts'
import { botsLock } from './lock.ts'
import { botsLs } from './ls.ts'
import { botsReadmit } from './readmit.ts'
import { botsRm } from './rm.ts'
import { botsRotateToken } from './rotate-token.ts'
import { botsShow } from './show.ts'
import { botsUnlock } from './unlock.ts'
import { botsUpdate } from './update.ts'

export const bots: VerbGroup = {
  name: 'bots',
  summary: 'the machines that may join',
  description:
    'A bot is an identity for a machine, a pipeline or a service. Its roles say where it may log in; a join token lets a machine join as it; each join makes an instance, which renews by itself.',
  verbs: [
    botsAdd,
    botsLs,
    botsShow,
    botsInstances,
    botsUpdate,
    botsRotateToken,
    botsLock,
    botsUnlock,
    botsReadmit,
    botsRm,
  ],
}
