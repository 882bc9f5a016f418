/**
 * The entry of a release: one executable, linked under the names of the four programs, that is the
 * program by whose name it was called.
 */
import { writeSync } from 'node:fs'
import { basename } from 'node:path'
import { main } from './program.ts'
import type { Program } from './verb.ts'

const PROGRAMS: Readonly<Record<string, () => Promise<Program>>> = {
  mezhub: async () => (await import('./mezhub/program.ts')).mezhub,
  mezd: async () => (await import('./mezd/program.ts')).mezd,
  mezctl: async () => (await import('./mezctl/program.ts')).mezctl,
  msh: async () => (await import('./msh/program.ts')).msh,
}

const name = basename(process.argv0)
const load = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined
if (load) {
  await main(name, load)
} else {
  writeSync(
    2,
    `error: there is no program ${name} in this executable
hint: link it under one of these names: ${Object.keys(PROGRAMS).join(', ')}
`,
  )
  process.exitCode = 2
}
