/**
 * A file that a sink of audit events appends to. It is made for its owner alone; one that is there
 * keeps its mode, and is left alone unless it is such a log.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { parseLogLine } from '../../auth/audit-lines.ts'
import type { SinkPlace } from '../../auth/audit-sink.ts'
import { CliError } from '../cli-error.ts'

const { O_APPEND, O_CREAT, O_RDWR } = constants
/** Holds the last events, however long. */
const TAIL = 1024 * 1024
const HEAD = 64 * 1024
/** How its first line begins. */
const BEGINNING = '{"kind":"log",'

export function createSinkFile(path: string): SinkPlace {
  let handle: FileHandle | undefined

  async function close(): Promise<void> {
    const closing = handle
    handle = undefined
    await closing?.close()
  }

  return {
    description: `file ${path}`,
    begins: 'at-first-event',

    async open() {
      await close()
      const opened = await open(path, O_RDWR | O_CREAT | O_APPEND, 0o600)
      try {
        const tail = await wholeLines(opened, path)
        handle = opened
        return tail
      } catch (error) {
        await opened.close()
        throw error
      }
    },

    async write(text) {
      if (!handle) throw new CliError('file-unwritable', `${path} is not open`)
      await handle.appendFile(text)
    },

    close,
  }
}

/** The end of what stands there. A line that was cut off is cut off for good. */
async function wholeLines(handle: FileHandle, path: string): Promise<string> {
  const { size, isFile } = await handle
    .stat()
    .then((it) => ({ size: it.size, isFile: it.isFile() }))
  if (!isFile) throw notALog(path, 'is not a regular file')
  if (size === 0) return ''
  const head = (await read(handle, 0, Math.min(HEAD, size))).toString()
  const firstLine = head.slice(0, head.indexOf('\n') + 1)
  if (firstLine === '' && (head.startsWith(BEGINNING) || BEGINNING.startsWith(head))) {
    // Of ours nothing but half a first line.
    await handle.truncate(0)
    return ''
  }
  requireLog(firstLine, path)
  const start = Math.max(0, size - TAIL)
  const tail = await read(handle, start, size - start)
  const end = tail.lastIndexOf('\n') + 1
  if (end < tail.length) await handle.truncate(start + end)
  const begin = start === 0 ? 0 : tail.indexOf('\n') + 1
  return tail.toString('utf8', begin, end)
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function requireLog(firstLine: string, path: string): void {
  try {
    if (parseLogLine(firstLine).kind === 'log') return
  } catch (cause) {
    throw notALog(path, 'holds something else than an audit log', cause)
  }
  throw notALog(path, 'holds a part of an audit log without its first line')
}

function notALog(path: string, what: string, cause?: unknown): CliError {
  return new CliError('malformed-file', `${path} ${what}`, {
    hint: 'name a file of its own with --audit-sink; it is made where there is none',
    cause,
  })
}
