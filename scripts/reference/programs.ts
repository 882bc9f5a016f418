import { mezctl } from '../../src/cli/mezctl/program.ts'
import { mezd } from '../../src/cli/mezd/program.ts'
import { mezhub } from '../../src/cli/mezhub/program.ts'
import { msh } from '../../src/cli/msh/program.ts'
import type { Program } from '../../src/cli/verb.ts'

export const PROGRAMS: readonly Program[] = [mezhub, mezd, mezctl, msh]
