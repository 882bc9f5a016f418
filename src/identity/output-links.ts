/** The names in a destination that lead to the current outputs, and what stands in their way. */

import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import { type FileOwner, type FileSystem, syncDirectory } from '../base/file-system.ts'
import { IdentityError, onFiles } from './errors.ts'
import { OUTPUT_NAMES, type OutputName } from './output-files.ts'

const ROOT = 0
const CURRENT_TARGET = /^\.generations\/[1-9][0-9]*$/

/** @throws IdentityError `occupied` when a name that belongs to the outputs is somebody else's */
export async function inspectDestination(
  fs: FileSystem,
  path: string,
  self: FileOwner,
): Promise<void> {
  await isOwnLink(fs, join(path, '.current'), (target) => CURRENT_TARGET.test(target), self)
  const generations = join(path, '.generations')
  const stats = await statIfThere(fs, generations)
  const isOwn = stats?.isDirectory() && stats.uid === self.uid && (stats.mode & 0o022) === 0
  if (stats !== undefined && !isOwn) throw occupied(generations, 'is not a directory of mezd alone')
  for (const name of OUTPUT_NAMES) await isOutputLink(fs, path, name, self)
}

/**
 * Makes the names of the outputs where they are missing; the key's last, so that where there is a
 * key there is everything.
 *
 * @throws IdentityError `occupied`
 */
export async function ensureOutputLinks(
  fs: FileSystem,
  path: string,
  self: FileOwner,
): Promise<void> {
  let made = false
  for (const name of OUTPUT_NAMES.toReversed()) {
    if (await isOutputLink(fs, path, name, self)) continue
    await fs.symlink(targetOf(name), join(path, name))
    made = true
  }
  if (made) await syncDirectory(fs, path)
}

function isOutputLink(
  fs: FileSystem,
  path: string,
  name: OutputName,
  self: FileOwner,
): Promise<boolean> {
  return isOwnLink(fs, join(path, name), (target) => target === targetOf(name), self)
}

function targetOf(name: OutputName): string {
  return `.current/${name}`
}

/** False when nothing is there. */
async function isOwnLink(
  fs: FileSystem,
  path: string,
  isTarget: (target: string) => boolean,
  self: FileOwner,
): Promise<boolean> {
  const stats = await statIfThere(fs, path)
  if (stats === undefined) return false
  if (!stats.isSymbolicLink()) throw occupied(path, 'was not written by mezd')
  if (stats.uid !== ROOT && stats.uid !== self.uid) {
    throw occupied(path, `is a symbolic link of user ${stats.uid}`)
  }
  if (!isTarget(await onFiles(path, () => fs.readlink(path)))) {
    throw occupied(path, 'is a symbolic link to somewhere else')
  }
  return true
}

function occupied(path: string, why: string): IdentityError {
  return new IdentityError('occupied', `${path} ${why}; it stays as it is`, {
    hint: 'move it away, or choose another destination',
  })
}

async function statIfThere(fs: FileSystem, path: string): Promise<Stats | undefined> {
  return onFiles(path, async () => {
    try {
      return await fs.lstat(path)
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined
      throw error
    }
  })
}
