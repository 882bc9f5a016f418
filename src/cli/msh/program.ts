import { completionVerb } from '../completion/verb.ts'
import type { Program } from '../verb.ts'
import { versionVerb } from '../version-verb.ts'
import { lsVerb } from './ls.ts'
import { scpVerb } from './scp.ts'
import { sshVerb } from './ssh.ts'

export const msh: Program = {
  name: 'msh',
  summary: 'use a machine identity over SSH',
  description: 'Enters nodes and copies files with the certificates that mezd identity publishes.',
  verbs: [sshVerb, scpVerb, lsVerb, versionVerb, completionVerb],
}
