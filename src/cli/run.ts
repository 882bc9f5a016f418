/**
 * Runs a program in a given world: command line to verb, verb to exit code. Nothing here touches
 * the process (`program.ts` does).
 */
import { dirname, resolve } from 'node:path'
import { CommanderError } from 'commander'
import { ConfigError, type Configuration, resolveConfig } from '../base/config.ts'
import type { ConfigFile } from '../base/config-file.ts'
import { messageOf } from '../base/errors.ts'
import type { Parameters } from '../base/parameter.ts'
import { type CommandLine, commandTree } from './command-tree.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { ExitStatus, type Invocation, readStandardInput } from './invocation.ts'
import { readNamedFile } from './named-file.ts'
import type { OutputFormat } from './output-format.ts'
import { formatError, formatStacks } from './report-error.ts'
import { usageError } from './usage-error.ts'
import type { Program } from './verb.ts'
import { version } from './version.ts'

/** The exit code. */
export async function runProgram(program: Program, invocation: Invocation): Promise<number> {
  const { stdout, stderr, argv, env, signal } = invocation
  let line: CommandLine | undefined
  const command = commandTree(program, version, {
    writeOut: (text) => stdout.write(text),
    writeError: (text) => stderr.write(text),
    act: async (parsed) => {
      line = parsed
      const { values, origins } = await configure(parsed, invocation)
      const readAgain = async () => (await configure(parsed, invocation, true)).values
      await parsed.verb.run(values, invocation, { origins, rest: parsed.rest, program, readAgain })
    },
  })
  try {
    await command.parseAsync(helpFirst(argv), { from: 'user' })
    return EXIT.ok
  } catch (thrown) {
    if (thrown instanceof ExitStatus) return thrown.exitCode
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok
    // Help in place of a missing verb is printed already.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return EXIT.usage
    // What a signal cuts short is no failure to explain.
    if (signal.aborted && !line?.verb.longRunning) return exitCodeOf(signal.reason)
    if (signal.aborted && thrown === signal.reason) return EXIT.ok
    const error = thrown instanceof CommanderError ? usageError(thrown, program, argv) : thrown
    stderr.write(formatError(error, formatOf(line, argv)))
    if (env['MEZITE_DEBUG']) stderr.write(formatStacks(error))
    return exitCodeOf(error)
  }
}

/** `help bots add` as `bots add --help`. */
function helpFirst(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
}

/** The format of errors: also for a command line that couldn't be parsed. */
function formatOf(line: CommandLine | undefined, argv: readonly string[]): OutputFormat {
  const given = line ? line.flags['format']?.at(-1) : undefined
  const written = /(^|\n)--format[=\n]json(\n|$)/.test(argv.join('\n')) ? 'json' : 'text'
  return (line ? given : written) === 'json' ? 'json' : 'text'
}

async function configure(
  { verb, flags }: CommandLine,
  invocation: Invocation,
  isAgain = false,
): Promise<Configuration<Parameters>> {
  const { config, ...rest } = flags
  const everyParameterFromEnvironment = verb.configurable ?? false
  let readOnce = isAgain
  return await resolveConfig(
    verb.parameters,
    {
      flags: everyParameterFromEnvironment ? rest : flags,
      environment: invocation,
      file: everyParameterFromEnvironment ? await readConfigFile(config, invocation) : undefined,
      readSecret: async (path) => {
        if (path !== '-') return await readNamedFile(path)
        if (readOnce) throw new Error('standard input can be read once, for one setting')
        readOnce = true
        return await readStandardInput(invocation)
      },
    },
    { everyParameterFromEnvironment },
  )
}

async function readConfigFile(
  flag: readonly string[] | undefined,
  { env, cwd }: Invocation,
): Promise<ConfigFile | undefined> {
  const name = flag?.at(-1) ?? env['MEZITE_CONFIG']
  if (!name) return undefined
  const path = resolve(cwd, name)
  const text = await readNamedFile(path).catch((cause: unknown) => {
    throw new ConfigError('unreadable', `can't read the configuration file: ${messageOf(cause)}`, {
      cause,
      hint: `${flag ? '--config' : 'MEZITE_CONFIG'} names it`,
    })
  })
  const { parseConfigFile } = await import('../base/config-file.ts')
  return parseConfigFile(name, dirname(path), text)
}
