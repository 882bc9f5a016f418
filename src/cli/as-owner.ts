/** A root that looks into another user's directory. */
import { lstat, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import type { FileOwner } from '../base/file-system.ts'

const ROOT = 0

/**
 * Gives up root's power for good, where somebody else could have planted something in the way: what
 * is read or locked from then on, that user could have read and locked himself.
 *
 * @param uid the effective user
 */
export async function becomeOwnerOf(path: string, uid: number): Promise<void> {
  if (uid !== ROOT) return
  const owner = await ownerOnTheWay(path)
  if (owner === undefined) return
  process.setgroups?.([])
  process.setegid?.(owner.gid)
  process.seteuid?.(owner.uid)
}

/** The first user other than root who could lead the path elsewhere, or has what it leads to. */
export async function ownerOnTheWay(path: string): Promise<FileOwner | undefined> {
  const real = await realpath(path).catch(() => path)
  for (const place of [...placesOn(path), ...placesOn(real)]) {
    const stats = await lstat(place).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR')
        return undefined
      throw error
    })
    if (stats !== undefined && stats.uid !== ROOT) return { uid: stats.uid, gid: stats.gid }
  }
  return undefined
}

/** `/a/b` after `/a`. */
function placesOn(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [path] : [...placesOn(above), path]
}
