/** `progress.json`: what a daemon last did and means to do, for `mezd identity status` alone. */
import { join } from 'node:path'
import { formatTime } from '../base/clock.ts'
import type { FileSystem } from '../base/file-system.ts'
import { IdentityError } from './errors.ts'
import { encodeVersioned } from './identity-file.ts'
import { type JsonFields, parseTime } from './json-fields.ts'
import { writeNote } from './note-file.ts'
import { readStateFile } from './state.ts'

export interface Progress {
  /** The next renewal, or the next try of one that failed; on the hub's clock. */
  readonly nextRenewalAt: number
  /** Undefined: the last try succeeded. */
  readonly failure: { readonly message: string; readonly at: number } | undefined
}

/** Nothing depends on it, so a failure to write is no failure of the daemon. */
export async function recordProgress(
  fs: FileSystem,
  stateDirectory: string,
  { nextRenewalAt, failure }: Progress,
): Promise<void> {
  const text = encodeVersioned({
    nextRenewalAt: formatTime(nextRenewalAt),
    failureMessage: failure?.message ?? null,
    failureAt: failure ? formatTime(failure.at) : null,
  })
  await writeNote(fs, join(stateDirectory, 'progress.json'), text)
}

/** Undefined where there is none that can be read. @throws IdentityError for what is no such file */
export function readProgress(
  fs: Pick<FileSystem, 'open'>,
  stateDirectory: string,
): Promise<Progress | undefined> {
  return undefinedIfDamaged(readStateFile(fs, join(stateDirectory, 'progress.json'), parseProgress))
}

/** A note is overwritten now and then. */
export async function undefinedIfDamaged<Value>(
  note: Promise<Value | undefined>,
): Promise<Value | undefined> {
  try {
    return await note
  } catch (error) {
    if (error instanceof IdentityError && error.code === 'state-corrupt') return undefined
    throw error
  }
}

export function parseProgress(fields: JsonFields): Progress {
  const nextRenewalAt = fields.text('nextRenewalAt', parseTime)
  const message = fields.optionalText('failureMessage', String)
  const at = fields.optionalText('failureAt', parseTime)
  fields.end()
  const failure = message === undefined || at === undefined ? undefined : { message, at }
  return { nextRenewalAt, failure }
}
