/** `progress.json`: what a daemon last did and means to do, for `mezd identity status` alone. */
import { join } from 'node:path'
import { formatTime } from '../base/clock.ts'
import { type FileSystem, writeFileDurably } from '../base/file-system.ts'
import { encodeVersioned } from './identity-file.ts'
import { type JsonFields, parseTime } from './json-fields.ts'
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
  const path = join(stateDirectory, 'progress.json')
  await writeFileDurably(fs, path, text, { mode: 0o600 }).catch(() => undefined)
}

/** @throws IdentityError */
export function readProgress(
  fs: Pick<FileSystem, 'open'>,
  stateDirectory: string,
): Promise<Progress | undefined> {
  return readStateFile(fs, join(stateDirectory, 'progress.json'), parseProgress)
}

export function parseProgress(fields: JsonFields): Progress {
  const nextRenewalAt = fields.text('nextRenewalAt', parseTime)
  const message = fields.optionalText('failureMessage', String)
  const at = fields.optionalText('failureAt', parseTime)
  fields.end()
  const failure = message === undefined || at === undefined ? undefined : { message, at }
  return { nextRenewalAt, failure }
}
