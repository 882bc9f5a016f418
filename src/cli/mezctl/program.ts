import type { Program } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'

export const mezctl: Program = {
  name: 'mezctl',
  summary: 'administer a Mezite cluster',
  description: 'x',
  verbs: [versionVerb],
}
