import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'

const run = promisify(execFile)

/** What makes two archives of the same files the same: no owners of this machine, one time. */
function reproducible(epochSeconds: number): readonly string[] {
  return [
    ...['--format=gnu', '--owner=0', '--group=0', '--numeric-owner'],
    `--mtime=@${epochSeconds}`,
  ]
}

/** Packs `members` of `directory`, in this order, into a .tar.gz without its own name and time. */
export async function packArchive(
  path: string,
  directory: string,
  members: readonly string[],
  epochSeconds: number,
): Promise<void> {
  const plain = `${path}.tar`
  try {
    await run('tar', [
      ...[...reproducible(epochSeconds), '-C', directory, '-cf', plain, '--'],
      ...members,
    ])
    await pipeline(createReadStream(plain), createGzip(), createWriteStream(path))
  } finally {
    await rm(plain, { force: true })
  }
}
