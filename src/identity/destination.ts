/**
 * The destination: where the outputs of an identity stand for ssh and its friends.
 *
 * ```
 * ssh_key -> .current/ssh_key        and so the other names; they never change
 * .current -> .generations/7         swapped in one step
 * .generations/7/ssh_key             written whole, never changed
 * .generations/5, .generations/6     kept for those who still read them
 * ```
 *
 * Its numbers count publications, not the generations of the identity: one of these can be published
 * twice, and nothing is ever written into a directory that a reader may have opened.
 */
import { join } from 'node:path'
import { MINUTE, SECOND } from '../base/clock.ts'
import { systemErrorCode } from '../base/errors.ts'
import {
  createFile,
  type FileOwner,
  type FileSystem,
  swapSymlink,
  syncDirectory,
} from '../base/file-system.ts'
import { makeDirectory, openDirectory } from '../base/safe-directory.ts'
import { IdentityError, onFiles } from './errors.ts'
import type { Identity } from './identity.ts'
import { accessFor, type OutputAccess, type Reader } from './output-access.ts'
import { OUTPUT_NAMES, outputFiles } from './output-files.ts'
import { ensureOutputLinks, inspectDestination } from './output-links.ts'
import { ensureSafeDirectory } from './safe-directory.ts'

export interface DestinationOptions {
  /** Absolute. */
  readonly path: string
  readonly reader: Reader
  /** Effective ids of this process. */
  readonly self: FileOwner
}

/** A destination that was found safe, and can be written. */
export interface Destination {
  /** Without symbolic links. */
  readonly path: string
  readonly access: OutputAccess
  readonly self: FileOwner
}

export interface Publication {
  readonly number: bigint
  /** Absolute; its files never change. */
  readonly directory: string
  /** Why what is no longer needed could not be removed; the outputs themselves are published. */
  readonly pruneError: unknown
}

const KEPT_BEFORE_CURRENT = 2
const KEPT_AT_LEAST_MS = 2 * MINUTE
const COUNT = /^[1-9][0-9]*$/

/**
 * Makes a destination, or finds it safe and open to its readers.
 *
 * @throws IdentityError `unsafe-destination`, `occupied`, `not-permitted`, `read-only`, `disk-full`,
 *   `file-failed`
 */
export async function prepareDestination(
  fs: FileSystem,
  options: DestinationOptions,
): Promise<Destination> {
  const { self } = options
  const access = accessFor(options.reader, self)
  const path = await ensureSafeDirectory(fs, options.path, {
    self,
    mode: access.passage,
    what: 'the destination',
    code: 'unsafe-destination',
  })
  await inspectDestination(fs, path, self)
  const generations = join(path, '.generations')
  await onFiles(path, async () => {
    await openPassage(fs, path, access.passage)
    await makeDirectory(fs, generations, access.passage)
    await openPassage(fs, generations, access.passage)
  })
  return { path, access, self }
}

/** Lets readers pass through a directory that was there before, and takes nothing from it. */
async function openPassage(fs: FileSystem, path: string, passage: number): Promise<void> {
  await using handle = await openDirectory(fs, path)
  const mode = (await handle.stat()).mode & 0o7777
  if ((mode & passage) !== passage) await handle.chmod(mode | passage)
}

/**
 * Tries whether outputs can be written as they must be, so that no token is spent on a destination
 * that can't hold them. Only for its holder.
 *
 * @throws IdentityError `not-permitted`, `read-only`, `disk-full`, `file-failed`
 */
export async function tryDestination(fs: FileSystem, destination: Destination): Promise<void> {
  const { generation, key } = destination.access
  const trial = join(destination.path, '.generations', '.trial')
  await onFiles(destination.path, async () => {
    await fs.rm(trial, { recursive: true, force: true })
    try {
      await makeDirectory(fs, trial, generation.mode, generation.owner)
      await createFile(fs, join(trial, 'ssh_key'), 'as long as a key\n'.repeat(64), key)
    } catch (error) {
      if (key.owner === undefined || systemErrorCode(error) !== 'EPERM') throw error
      throw new IdentityError('not-permitted', "the outputs can't be given to that user or group", {
        hint: 'run mezd as root, or name a group that its user is in',
        cause: error,
      })
    } finally {
      await fs.rm(trial, { recursive: true, force: true })
    }
  })
}

/**
 * Publishes the outputs of an identity; durable when this resolves. When it throws, readers still
 * find the outputs before it, whole.
 *
 * @param now milliseconds since the epoch
 * @throws IdentityError `occupied`, `not-permitted`, `read-only`, `disk-full`, `file-failed`
 */
export async function publish(
  fs: FileSystem,
  destination: Destination,
  identity: Identity,
  now: number,
): Promise<Publication> {
  const { path } = destination
  const generations = join(path, '.generations')
  return onFiles(path, async () => {
    const current = await currentNumber(fs, path)
    await removeUnpublished(fs, generations, current)
    const number = current + 1n
    const directory = join(generations, String(number))
    await writeOutputs(fs, destination, directory, identity, now)
    await swapSymlink(fs, `.generations/${number}`, join(path, '.current'))
    await ensureOutputLinks(fs, path, destination.self)
    const pruneError = await prune(fs, generations, number, now).catch((error: unknown) => error)
    return { number, directory, pruneError }
  })
}

/** The number of the newest publication, 0 when there is none. */
async function currentNumber(fs: FileSystem, path: string): Promise<bigint> {
  try {
    const target = await fs.readlink(join(path, '.current'))
    const [, count = '0'] = /^\.generations\/([1-9][0-9]*)$/.exec(target) ?? []
    return BigInt(count)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0n
    throw error
  }
}

/** What a crash left half-written; nobody was ever led to it. */
async function removeUnpublished(
  fs: FileSystem,
  generations: string,
  current: bigint,
): Promise<void> {
  for (const number of await numbersIn(fs, generations)) {
    if (number > current) await removeGeneration(fs, generations, number)
  }
}

async function writeOutputs(
  fs: FileSystem,
  { access }: Destination,
  directory: string,
  identity: Identity,
  now: number,
): Promise<void> {
  const files = outputFiles(identity, directory)
  await makeDirectory(fs, directory, access.generation.mode, access.generation.owner)
  for (const name of OUTPUT_NAMES) {
    const attributes = name === 'ssh_key' ? access.key : access.others
    await createFile(fs, join(directory, name), files[name], attributes)
  }
  await fs.utimes(directory, now / SECOND, now / SECOND)
  await syncDirectory(fs, directory)
}

/**
 * Keeps the current outputs, the two before, and all that were current less than two minutes ago:
 * ssh opens its files some time after it has read where they are.
 */
async function prune(
  fs: FileSystem,
  generations: string,
  current: bigint,
  now: number,
): Promise<undefined> {
  const numbers = (await numbersIn(fs, generations)).filter((number) => number <= current)
  const old = numbers.slice(0, -1 - KEPT_BEFORE_CURRENT)
  for (const [index, number] of old.entries()) {
    const successor = numbers[index + 1] ?? current
    const { mtimeMs } = await fs.lstat(join(generations, String(successor)))
    // Later ones were superseded later still. A time in the future is that of a clock set back.
    if (mtimeMs <= now && now - mtimeMs < KEPT_AT_LEAST_MS) return
    await removeGeneration(fs, generations, number)
  }
}

/** In ascending order. */
async function numbersIn(fs: FileSystem, generations: string): Promise<readonly bigint[]> {
  const names = (await fs.readdir(generations)).filter((name) => COUNT.test(name))
  return names.map(BigInt).sort((a, b) => (a < b ? -1 : 1))
}

async function removeGeneration(
  fs: FileSystem,
  generations: string,
  number: bigint,
): Promise<void> {
  await fs.rm(join(generations, String(number)), { recursive: true, force: true })
}
