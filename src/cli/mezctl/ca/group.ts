import type { VerbGroup } from '../../verb.ts'
import { caExport } from './export.ts'

export const ca: VerbGroup = {
  name: 'ca',
  summary: "the CAs' public keys",
  description:
    "The hub has three CAs: the User CA signs the bots' SSH certificates, the Host CA those of hosts, the TLS CA the identities. Their private keys never leave it.",
  verbs: [caExport],
}
