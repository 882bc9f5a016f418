import type { VerbGroup } from '../../verb.ts'
import { adminsAdd } from './add.ts'
import { adminsLs } from './ls.ts'
import { adminsRenew } from './renew.ts'
import { adminsRm } from './rm.ts'

export const admins: VerbGroup = {
  name: 'admins',
  summary: 'who administers the hub from elsewhere',
  description:
    "On the hub's machine mezctl works through a unix socket. From elsewhere it needs an admin identity: a file with a key and a certificate that the hub issued.",
  verbs: [adminsAdd, adminsLs, adminsRenew, adminsRm],
}
