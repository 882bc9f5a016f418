/**
 * The programs' way into the real world: the one place that builds clocks, randomness, standard
 * streams and signal handlers out of the process. Loads nothing that `--version` doesn't need.
 */
import { writeSync } from 'node:fs'
import type { Invocation } from './invocation.ts'
import type { Program } from './verb.ts'
import { version } from './version.ts'

/** Runs `name` with the process's arguments and ends the process. `load` gives its verbs. */
export async function main(name: string, load: () => Promise<Program>): Promise<void> {
  const argv = process.argv.slice(2)
  if (argv.length === 1 && argv[0] === '--version') {
    writeSync(1, `${name} ${version}\n`)
    return
  }
  const { protectSecrets } = await import('./protect-secrets.ts')
  protectSecrets(name, argv)
  const [{ processInvocation }, { runProgram }, program] = await Promise.all([
    import('./process-invocation.ts'),
    import('./run.ts'),
    load(),
  ])
  const invocation: Invocation = processInvocation(argv)
  process.exit(await runProgram(program, invocation))
}
