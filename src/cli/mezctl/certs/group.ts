import type { VerbGroup } from '../../verb.ts'
import { certsLs } from './ls.ts'

export const certs: VerbGroup = {
  name: 'certs',
  summary: 'who holds which certificate until when',
  description:
    'Bots hold user certificates, nodes hold host certificates. Both renew by themselves: what is late or expires tells of a machine that has stopped to.',
  verbs: [certsLs],
}
