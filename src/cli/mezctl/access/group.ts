import type { VerbGroup } from '../../verb.ts'
import { accessCheck } from './check.ts'
import { accessLs } from './ls.ts'

export const access: VerbGroup = {
  name: 'access',
  summary: 'who may enter where, and why',
  description:
    'Answers from the same evaluation that the nodes are told by: the roles of bots, the labels of nodes, and the locks in force.',
  verbs: [accessCheck, accessLs],
}
