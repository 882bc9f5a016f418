/** The directory in which the hook leaves its records until the agent has taken them. */
import { join } from 'node:path'
import { MINUTE } from '../base/clock.ts'
import { systemErrorCode } from '../base/errors.ts'
import type { FileSystem } from '../base/file-system.ts'
import { readPlainFile } from '../base/plain-file.ts'
import { onFiles } from '../identity/errors.ts'
import { parseRecord, type SessionRecord } from './session-record.ts'

const LARGEST_RECORD = 64 * 1024
/** How long a record may be half-written; its writer was killed then. */
const PATIENCE_MS = MINUTE

export interface SpooledRecord {
  readonly path: string
  /** When it was written; milliseconds since the epoch. */
  readonly time: number
  readonly record: SessionRecord
}

/**
 * All records that are whole, the oldest first; they stay until they are removed. What is no record
 * is removed here.
 *
 * @param now milliseconds since the epoch
 * @throws IdentityError
 */
export async function readSpool(
  fs: FileSystem,
  spool: string,
  now: number,
): Promise<readonly SpooledRecord[]> {
  return onFiles(spool, async () => {
    const found: SpooledRecord[] = []
    for (const name of await readdirIfThere(fs, spool)) {
      const path = join(spool, name)
      const spooled = await readSpooled(fs, path, now)
      if (spooled === 'useless') await removeRecord(fs, path)
      else if (spooled !== undefined) found.push(spooled)
    }
    return found.sort((a, b) => a.time - b.time || order(a) - order(b))
  })
}

/** Two of the same instant. */
function order({ record }: SpooledRecord): number {
  return record.kind === 'open' ? 0 : 1
}

export async function removeRecord(fs: FileSystem, path: string): Promise<void> {
  await fs.rm(path, { recursive: true, force: true })
}

async function readSpooled(
  fs: FileSystem,
  path: string,
  now: number,
): Promise<SpooledRecord | 'useless' | undefined> {
  const stats = await fs.lstat(path)
  if (!stats.isFile() || stats.size > LARGEST_RECORD) return 'useless'
  const record = parseRecord(
    (await readPlainFile(fs, path, { largest: LARGEST_RECORD })).toString(),
  )
  if (record === 'alien') return 'useless'
  if (record === 'partial') return now - stats.mtimeMs > PATIENCE_MS ? 'useless' : undefined
  return { path, time: Math.floor(stats.mtimeMs), record }
}

async function readdirIfThere(fs: FileSystem, path: string): Promise<readonly string[]> {
  try {
    return await fs.readdir(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}
