/**
 * A small file by which a program that runs tells others how it is. It must also be told that the disk is
 * full, so the file has its room from the first time on, and is overwritten in its place where it can't
 * be replaced: the same block of the disk, which needs no other.
 */
import { constants } from 'node:fs'
import { type FileSystem, writeFileDurably } from '../base/file-system.ts'

/** A block of most file systems, in bytes. */
const ROOM = 4_096

/**
 * Nothing depends on it: what can't be written at all isn't. Whoever reads it in the instant in which it is
 * overwritten can find it damaged.
 *
 * @param text JSON; what follows it is space
 */
export async function writeNote(fs: FileSystem, path: string, text: string): Promise<void> {
  const content = Buffer.from(text)
  const note = Buffer.alloc(Math.max(ROOM, content.length), ' ')
  content.copy(note)
  try {
    await writeFileDurably(fs, path, note, { mode: 0o600 })
  } catch {
    await overwrite(fs, path, note).catch(() => undefined)
  }
}

async function overwrite(fs: FileSystem, path: string, note: Buffer): Promise<void> {
  await using handle = await fs.open(path, constants.O_WRONLY | constants.O_NOFOLLOW)
  const { size } = await handle.stat()
  if (size !== note.length) return
  await handle.write(note, 0, note.length, 0)
}
