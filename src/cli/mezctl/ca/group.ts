import type { VerbGroup } from '../../verb.ts'
import { caExport } from './export.ts'
import { caLs } from './ls.ts'
import { caRotate } from './rotate.ts'
import { caStatus } from './status.ts'

export const ca: VerbGroup = {
  name: 'ca',
  summary: 'the CAs: their public keys and their rotation',
  description:
    "The hub has three CAs: the User CA signs the bots' SSH certificates, the Host CA those of hosts, the TLS CA the identities. Their private keys never leave it.",
  verbs: [caLs, caExport, caStatus, caRotate],
}
