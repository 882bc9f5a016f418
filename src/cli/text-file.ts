import { messageOf } from '../base/errors.ts'
import { CliError } from './cli-error.ts'
import { type Invocation, readStandardInput } from './invocation.ts'
import { readNamedFile } from './named-file.ts'

/** A file that the user named; `-` is standard input. @throws CliError `file-unreadable` */
export async function readTextFile(path: string, invocation: Invocation): Promise<string> {
  try {
    return await (path === '-' ? readStandardInput(invocation) : readNamedFile(path))
  } catch (cause) {
    throw new CliError('file-unreadable', `can't read ${path}: ${messageOf(cause)}`, { cause })
  }
}

/** What messages call such a file. */
export function fileName(path: string): string {
  return path === '-' ? 'standard input' : path
}
