import { join } from 'node:path'
import { sha256 } from '../../base/bytes.ts'
import { messageOf, systemErrorCode } from '../../base/errors.ts'
import { type FileSystem, writeFileDurably } from '../../base/file-system.ts'
import { CliError } from '../cli-error.ts'

const MARK = '# mezite-unit sha256:'

/** The unit with a line by which it is known to be as it was written. */
export function signedUnit(unit: string): string {
  return `${MARK}${digest(unit)}\n${unit}`
}

/** Whether nobody has changed it since. */
export function isUnedited(text: string): boolean {
  if (!text.startsWith(MARK)) return false
  const end = text.indexOf('\n')
  return text.slice(MARK.length, end) === digest(text.slice(end + 1))
}

function digest(unit: string): string {
  return sha256(Buffer.from(unit)).toString('hex')
}

export interface WriteUnitOptions {
  readonly fs: FileSystem
  /** `/etc/systemd/system` */
  readonly directory: string
  /** With its ending. */
  readonly name: string
  readonly unit: string
  /** Also in the place of what somebody else has written. */
  readonly force: boolean
}

/**
 * Writes a unit, whole or not at all.
 *
 * @throws CliError `file-exists` where a person has written or edited it, `file-unwritable`
 */
export async function writeUnit(
  options: WriteUnitOptions,
): Promise<'written' | 'replaced' | 'unchanged'> {
  const { fs, directory, name, unit, force } = options
  const path = join(directory, name)
  const wanted = signedUnit(unit)
  try {
    const before = await readUnit(fs, path)
    if (before === wanted) return 'unchanged'
    if (before !== undefined && !force && !isUnedited(before)) throw edited(path, name)
    await writeFileDurably(fs, path, wanted, { mode: 0o644 })
    return before === undefined ? 'written' : 'replaced'
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('file-unwritable', `${path} can't be written: ${messageOf(cause)}`, {
      hint: 'run this as root, or print the unit and put it there yourself: leave out --write',
      cause,
    })
  }
}

/** Undefined: there is none. Empty for what isn't a file, as the link of a masked unit. */
async function readUnit(fs: FileSystem, path: string): Promise<string | undefined> {
  try {
    return (await fs.lstat(path)).isFile() ? await fs.readFile(path, 'utf8') : ''
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function edited(path: string, name: string): CliError {
  return new CliError('file-exists', `${path} was written or edited by somebody`, {
    hint: `keep changes in a drop-in (systemctl edit ${name}), then use --force`,
  })
}
