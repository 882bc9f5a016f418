import { execFile } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Architecture, runtimePath } from './runtime.ts'

const run = promisify(execFile)

const CHECKOUT = resolve(import.meta.dirname, '../..')

/**
 * The program that has the content, then its other names: hard links, so that each works without
 * the others once it is unpacked with the first.
 */
export const PROGRAMS = ['mezd', 'msh', 'mezctl', 'mezhub'] as const

const TARGETS: Readonly<Record<Architecture, string>> = {
  amd64: 'bun-linux-x64-baseline',
  arm64: 'bun-linux-arm64',
}

/** What is compiled in: the programs, and what runs in threads of its own beside them. */
const ENTRIES = [
  'src/cli/multi-call.ts',
  'src/auth/store/sqlite/writer.ts',
  'src/auth/store/sqlite/audit-verify-thread.ts',
]

const FLAGS = [
  '--compile',
  // An executable takes no settings from the directory in which it happens to be started.
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
  // Identifiers stay: errors are told apart by the names of their classes.
  ...['--minify-whitespace', '--minify-syntax', '--bytecode', '--format=esm'],
  // Threads are found beside the entry.
  '--entry-naming=[name].[ext]',
]

/** Builds the programs for an architecture into a directory. */
export async function buildPrograms(architecture: Architecture, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const [first, ...others] = PROGRAMS.map((name) => join(directory, name))
  if (first === undefined) return
  const compiler = await runtimePath('amd64')
  const output = `${first}.new`
  await run(
    compiler,
    [
      ...['build', ...FLAGS, `--target=${TARGETS[architecture]}`, `--outfile=${output}`],
      `--compile-executable-path=${await runtimePath(architecture)}`,
      ...ENTRIES,
    ],
    { cwd: CHECKOUT },
  )
  chmodSync(output, 0o755)
  renameSync(output, first)
  for (const other of others) {
    rmSync(other, { force: true })
    linkSync(first, other)
  }
}
