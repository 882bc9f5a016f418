/**
 * The state directory: what a daemon renews itself with. Only its owner can read it (0700, files
 * 0600), and only one process at a time works on it.
 *
 * - `identity.json`: the newest generation that the hub is known to have issued
 * - `pending-join.json`, `pending-renewal.json`: keys that the hub may have certified already. A join
 *   that takes the place of a renewal can fail, so each has its own file.
 * - `lock`, `lock-holder`: the hold, and who has it
 */
import { join } from 'node:path'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import {
  type FileAttributes,
  type FileSystem,
  removeDurably,
  syncDirectory,
  writeFileDurably,
} from '../base/file-system.ts'
import { PlainFileError, readPlainFile } from '../base/plain-file.ts'
import { IdentityError, onFiles } from './errors.ts'
import type { ExchangeState } from './exchange.ts'
import type { Identity, IdentityKeys } from './identity.ts'
import { encodeIdentity, FORMAT_VERSION, parseIdentity } from './identity-file.ts'
import { asNumber, JsonFields } from './json-fields.ts'
import {
  encodePending,
  type Pending,
  parsePendingJoin,
  parsePendingRenewal,
} from './pending-file.ts'

/** Every writing is on the disk when it resolves. All throw IdentityError. */
export interface StateDirectory extends ExchangeState<IdentityKeys, Identity> {
  readonly path: string
  readIdentity(): Promise<Identity | undefined>
}

const PRIVATE: FileAttributes = { mode: 0o600 }
/** Bytes. Of all that stands in one, the nodes that the bot may reach are the most. */
const LARGEST_FILE = 16 * 1024 * 1024
const PENDING_FILES: Readonly<Record<Pending['purpose'], string>> = {
  join: 'pending-join.json',
  renewal: 'pending-renewal.json',
}

/**
 * @param path a directory that is safe already
 * @param owner whose its files must be; left out: anyone's, for who only looks
 */
export function stateDirectory(fs: FileSystem, path: string, owner?: number): StateDirectory {
  const read = <Value>(name: string, parse: (fields: JsonFields) => Value) =>
    readStateFile(fs, join(path, name), parse, owner)
  const write = (name: string, text: string) => {
    const file = join(path, name)
    return onFiles(file, () => writeFileDurably(fs, file, text, PRIVATE))
  }
  return {
    path,
    settle: () => onFiles(path, () => syncDirectory(fs, path)),
    readIdentity: () => read('identity.json', parseIdentity),
    writeIdentity: (identity) => write('identity.json', encodeIdentity(identity)),
    readPendingJoin: () => read(PENDING_FILES.join, parsePendingJoin),
    readPendingRenewal: () => read(PENDING_FILES.renewal, parsePendingRenewal),
    writePending: (pending) => write(PENDING_FILES[pending.purpose], encodePending(pending)),
    dropPending(purpose) {
      const file = join(path, PENDING_FILES[purpose])
      return onFiles(file, () => removeDurably(fs, file))
    },
  }
}

/**
 * Reads one file of a state directory; undefined when it isn't there. One that can't be read is
 * never passed over: it may hold the only key that the hub knows.
 *
 * @throws IdentityError `state-version`, `state-corrupt`, `unsafe-state`, or why the file can't be
 *   opened
 */
export async function readStateFile<Value>(
  fs: Pick<FileSystem, 'open'>,
  path: string,
  parse: (fields: JsonFields) => Value,
  owner?: number,
): Promise<Value | undefined> {
  const text = await onFiles(path, () => readTextIfThere(fs, path, owner))
  return text === undefined ? undefined : parseStateFile(path, text, parse)
}

/**
 * @param path for messages
 * @throws IdentityError `state-version`, `state-corrupt`
 */
export function parseStateFile<Value>(
  path: string,
  text: string,
  parse: (fields: JsonFields) => Value,
): Value {
  try {
    const fields = JsonFields.parse(text)
    const version = fields.value('version', asNumber)
    if (version !== FORMAT_VERSION) throw newerVersion(path, version)
    return parse(fields)
  } catch (error) {
    if (error instanceof IdentityError) throw error
    throw new IdentityError('state-corrupt', `${path} is damaged: ${messageOf(error)}`, {
      hint: 'move the state directory away and join again with a new token: mezctl bots rotate-token NAME',
    })
  }
}

function newerVersion(path: string, version: number): IdentityError {
  return new IdentityError(
    'state-version',
    `${path} is of format ${version}, this mezd knows format ${FORMAT_VERSION}`,
    { hint: 'run the version of mezd that wrote it, or a newer one' },
  )
}

async function readTextIfThere(
  fs: Pick<FileSystem, 'open'>,
  path: string,
  owner: number | undefined,
): Promise<string | undefined> {
  try {
    return (await readPlainFile(fs, path, { largest: LARGEST_FILE, owner })).toString()
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    if (!(error instanceof PlainFileError)) throw error
    const { message, hint } = error
    throw new IdentityError('unsafe-state', `the state directory is not safe: ${message}`, {
      hint,
      cause: error,
    })
  }
}
