/** Files that a user names: also a pipe of his shell's, so one is read wherever it comes from. */
import { createReadStream } from 'node:fs'
import { CliError } from './cli-error.ts'

/** Bytes; the largest that a program takes is a file of many certificates. */
const LARGEST = 1024 * 1024

/** @throws CliError `file-unreadable` for one without an end, as a device has none; the system's error */
export async function readNamedFile(path: string): Promise<string> {
  return await readText(createReadStream(path), path)
}

/** All of a stream as text. @throws CliError `file-unreadable` for more than 1 MiB */
export async function readText(
  source: AsyncIterable<Uint8Array | string>,
  name: string,
): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > LARGEST) {
      throw new CliError('file-unreadable', `${name} is longer than ${LARGEST} bytes`, {
        hint: 'no file that belongs here is: is it the right one?',
      })
    }
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
