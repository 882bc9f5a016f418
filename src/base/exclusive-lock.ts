/**
 * One process at a time on one path.
 *
 * The hold is a lock that the kernel keeps for the process (SQLite's lock on an empty file), never
 * the existence of a file: it ends with the process, however that ends, and a child doesn't inherit
 * it. Taking it needs no space on the disk once the file is there. Who holds it stands in a text
 * beside it, `<path>-holder`, which serves the message alone and decides nothing.
 *
 * POSIX locks of a process on a file end when the process closes *any* descriptor of that file: no
 * other code may open `path`. Everything up to the hold is synchronous for the same reason.
 */
import { closeSync, lstatSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type ErrorDetails, MeziteError, systemErrorCode } from './errors.ts'
import { readPlainFileSync } from './plain-file.ts'

export class ExclusiveLockError extends MeziteError<'held' | 'unavailable'> {
  /** The text that the holder gave of itself; undefined where it couldn't be written. */
  readonly holder: string | undefined

  constructor(
    code: 'held' | 'unavailable',
    message: string,
    details: ErrorDetails & { readonly holder?: string | undefined } = {},
  ) {
    super(code, message, details)
    this.holder = details.holder
  }
}

export interface ExclusiveLock {
  release(): Promise<void>
}

/** Two that start at once disturb each other for an instant: the loser's shared lock. */
const CONTENTION_MS = 250
const SQLITE_BUSY = 5
const LONGEST_HOLDER = 1_024

/**
 * Who has the lock at `path`: the text that it gave of itself, or undefined when nobody has it.
 * Nothing is written but the lock's file, where there is none.
 *
 * @throws ExclusiveLockError `unavailable`
 */
export function findHolder(path: string): string | undefined {
  try {
    lock(path, `${path}-holder`).close()
    return undefined
  } catch (error) {
    if (!(error instanceof ExclusiveLockError) || error.code !== 'held') throw error
    return error.holder ?? 'another process'
  }
}

/**
 * Takes the lock at `path`, a file of its own (0600) in a directory that only this user can write.
 *
 * @param holder one line for whoever comes second: `pid 4711 since 2026-03-24T15:00:00Z`
 * @throws ExclusiveLockError `held` with the holder's text; `unavailable` where the file can't be
 *   made, or its file system has no locks
 */
export async function holdExclusively(path: string, holder: string): Promise<ExclusiveLock> {
  const textPath = `${path}-holder`
  const database = lock(path, textPath)
  announce(textPath, holder)
  let held = true
  return {
    async release() {
      if (!held) return
      held = false
      try {
        rmSync(textPath, { force: true })
      } catch {
        // A disk that fails: nobody reads it unless somebody holds the lock, and has put his own there.
      } finally {
        database.close()
      }
    },
  }
}

function lock(path: string, textPath: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    create(path)
    database = new DatabaseSync(path, { timeout: CONTENTION_MS })
    // Without a journal in memory, beginning on an empty file would write one beside it.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    if (!isBusy(error)) {
      throw new ExclusiveLockError('unavailable', `${path} can't be locked`, { cause: error })
    }
    const holder = readHolder(textPath)
    const who = holder ?? 'another process'
    throw new ExclusiveLockError('held', `${path} is held by ${who}`, { holder, cause: error })
  }
}

/**
 * An empty file. One that is there is not opened: closing it again would end this process's hold.
 * Nor is a link followed: SQLite would.
 */
function create(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    const stats = lstatSync(path)
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`)
    // Whoever owns it could hold it, and let go of it, as he likes.
    if (stats.uid !== process.geteuid?.()) throw new Error(`${path} belongs to user ${stats.uid}`)
  }
}

/** The text of one that was killed goes first, so that a full disk leaves none, not a wrong one. */
function announce(textPath: string, holder: string): void {
  try {
    rmSync(textPath, { force: true })
    writeFileSync(textPath, `${holder}\n`, { flag: 'wx', mode: 0o600 })
  } catch {
    // The hold stands without it.
  }
}

function readHolder(textPath: string): string | undefined {
  try {
    return readPlainFileSync(textPath, { largest: LONGEST_HOLDER }).trim() || undefined
  } catch {
    return undefined
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
