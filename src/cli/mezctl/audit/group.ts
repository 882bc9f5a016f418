import type { VerbGroup } from '../../verb.ts'
import { auditLs } from './ls.ts'

export const audit: VerbGroup = {
  name: 'audit',
  summary: 'what was done and what was refused',
  description:
    'The audit log is append-only, and each event carries a hash over itself and the hash before it, so that a change shows.',
  verbs: [auditLs],
}
