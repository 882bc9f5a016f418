/**
 * Reading files where something else may stand in their place: a link, a pipe on which one would wait
 * for ever, a device without an end, somebody else's file.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { MeziteError, systemErrorCode } from './errors.ts'
import type { FileSystem } from './file-system.ts'

export class PlainFileError extends MeziteError<'not-a-file' | 'too-large' | 'foreign'> {}

export interface PlainFileLimits {
  /** Bytes. */
  readonly largest: number
  /** Whose it must be, and nobody else may be able to write it. Left out: anyone's. */
  readonly owner?: number | undefined
}

const OTHERS_WRITE = 0o022
/** Opening waits for nobody: a pipe without a writer opens at once. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK

/**
 * The content of a file that is one: links are not followed.
 *
 * @throws PlainFileError, or the system's error
 */
export async function readPlainFile(
  fs: Pick<FileSystem, 'open'>,
  path: string,
  limits: PlainFileLimits,
): Promise<Buffer> {
  await using handle = await fs
    .open(path, READING | constants.O_NOFOLLOW)
    .catch((error: unknown) => {
      throw systemErrorCode(error) === 'ELOOP' ? notAFile(path, 'a symbolic link', error) : error
    })
  check(path, await handle.stat(), limits)
  return await handle.readFile()
}

/** The same, as text. */
export function readPlainFileSync(path: string, limits: PlainFileLimits): string {
  return readSync(path, READING | constants.O_NOFOLLOW, limits)
}

/** The same, also through links: for what its user names himself. */
export function readLinkedFileSync(path: string, limits: PlainFileLimits): string {
  return readSync(path, READING, limits)
}

function readSync(path: string, flags: number, limits: PlainFileLimits): string {
  const descriptor = openSync(path, flags)
  try {
    check(path, fstatSync(descriptor), limits)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function check(path: string, stats: Stats, { largest, owner }: PlainFileLimits): void {
  if (!stats.isFile()) throw notAFile(path, 'not a regular file')
  if (stats.size > largest) {
    throw new PlainFileError('too-large', `${path} is larger than ${largest} bytes`, {
      hint: 'find out who has written it, and move it away',
    })
  }
  if (owner === undefined) return
  if (stats.uid !== owner) {
    throw new PlainFileError('foreign', `${path} belongs to user ${stats.uid}`, {
      hint: `find out who put it there; if it is right: chown ${owner} ${path}`,
    })
  }
  if ((stats.mode & OTHERS_WRITE) !== 0) {
    throw new PlainFileError('foreign', `${path} can be written by other users`, {
      hint: `find out who has written it; if it is right: chmod go-w ${path}`,
    })
  }
}

function notAFile(path: string, what: string, cause?: unknown): PlainFileError {
  return new PlainFileError('not-a-file', `${path} is ${what}`, {
    hint: 'find out who put it there, and move it away',
    cause,
  })
}
