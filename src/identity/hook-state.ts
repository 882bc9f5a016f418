/** `hook.json`: how the command of `--on-renew` went last, for `mezd identity status` alone. */
import { join } from 'node:path'
import { formatTime } from '../base/clock.ts'
import { type FileSystem, removeDurably, writeFileDurably } from '../base/file-system.ts'
import { encodeVersioned } from './identity-file.ts'
import { asNumber, type JsonFields, parseTime } from './json-fields.ts'
import { readStateFile } from './state.ts'

export interface HookState {
  /** Of the certificate that it ran for. */
  readonly serial: bigint
  /** When it ended; milliseconds since the epoch. */
  readonly at: number
  /** How often it has failed in a row for that certificate. */
  readonly failures: number
  /** Why, the last time; undefined: it succeeded. */
  readonly failure: string | undefined
}

const NAME = 'hook.json'

/** Nothing depends on it, so a failure to write is no failure of the daemon. */
export async function recordHookState(
  fs: FileSystem,
  stateDirectory: string,
  { serial, at, failures, failure }: HookState,
): Promise<void> {
  const text = encodeVersioned({
    serial: String(serial),
    at: formatTime(at),
    failures,
    failure: failure ?? null,
  })
  const path = join(stateDirectory, NAME)
  await writeFileDurably(fs, path, text, { mode: 0o600 }).catch(() => undefined)
}

/** Of a daemon that has no hook any more. */
export async function forgetHookState(fs: FileSystem, stateDirectory: string): Promise<void> {
  await removeDurably(fs, join(stateDirectory, NAME)).catch(() => undefined)
}

/** @throws IdentityError */
export function readHookState(
  fs: Pick<FileSystem, 'open'>,
  stateDirectory: string,
): Promise<HookState | undefined> {
  return readStateFile(fs, join(stateDirectory, NAME), parseHookState)
}

export function parseHookState(fields: JsonFields): HookState {
  const serial = fields.text('serial', parseSerial)
  const at = fields.text('at', parseTime)
  const failures = fields.value('failures', asNumber)
  const failure = fields.optionalText('failure', String)
  fields.end()
  return { serial, at, failures, failure }
}

function parseSerial(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) throw new SyntaxError('not a serial')
  return BigInt(text)
}
