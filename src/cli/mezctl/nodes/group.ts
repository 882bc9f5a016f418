import type { VerbGroup } from '../../verb.ts'
import { nodesLs } from './ls.ts'
import { nodesReadmit } from './readmit.ts'
import { nodesRm } from './rm.ts'
import { nodesShow } from './show.ts'
import { nodesUpdate } from './update.ts'

export const nodes: VerbGroup = {
  name: 'nodes',
  summary: 'the machines that bots may enter',
  description:
    'A node is a machine whose sshd is configured from here: roles choose nodes by their labels, and who may enter follows within a second. A machine becomes one with a token from mezctl tokens create, and mezd node start.',
  verbs: [nodesLs, nodesShow, nodesUpdate, nodesReadmit, nodesRm],
}
