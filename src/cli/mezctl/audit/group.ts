import type { VerbGroup } from '../../verb.ts'
import { auditCheckpoint } from './checkpoint.ts'
import { auditExport } from './export.ts'
import { auditKey } from './key.ts'
import { auditLs } from './ls.ts'
import { auditVerify } from './verify.ts'

export const audit: VerbGroup = {
  name: 'audit',
  summary: 'what was done and what was refused',
  description:
    'Every act of the hub, and every refusal, is an event in its audit log. Events are numbered and chained by hash, and the hub signs the chain, so that a change shows.',
  verbs: [auditLs, auditExport, auditVerify, auditKey, auditCheckpoint],
}
