import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CliError } from '../cli-error.ts'
import { environmentForOthers } from '../own-secrets.ts'

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The absolute path of a program of OpenSSH. Relative entries of PATH are passed over: what stands
 * in the working directory is not asked for.
 *
 * @throws CliError `not-found`
 */
export function findProgram(name: string, env: Variables): string {
  const found = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find(isExecutable)
  if (found !== undefined) return found
  throw new CliError('not-found', `${name} is not in PATH`, {
    hint: "install OpenSSH's client: apt-get install openssh-client",
  })
}

/** Replaces this process: the program has its process ID, its terminal and its standard files. */
export function become(path: string, parameters: readonly string[], env: Variables): never {
  process.execve?.(path, [path, ...parameters], environmentForOthers(env))
  throw new Error('this runtime can not replace its process')
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
