/** What strace has logged with `-f -y`, as the calls that write. Pure. */

/** The calls of Node, libuv and SQLite that change a file or a directory. */
export const WRITING_CALLS = [
  'openat',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'ftruncate',
  'fallocate',
  'fsync',
  'fdatasync',
  'rename',
  'link',
  'symlink',
  'unlink',
  'mkdir',
  'rmdir',
  'chmod',
  'fchmod',
  'chown',
  'fchown',
  'utimensat',
] as const

export type WritingCall = (typeof WRITING_CALLS)[number]

export interface LoggedCall {
  readonly thread: number
  readonly call: WritingCall
  /** As strace looks for it: what is renamed, not what it becomes; the symlink, not where it leads. */
  readonly path: string
  /** From 1, among those of its name and path in its thread: as strace counts. */
  readonly number: number
  /** Whether it changes anything: false for an `openat` that only opens. */
  readonly writes: boolean
  /** What stands behind the opening bracket, as strace writes it. */
  readonly text: string
  /** Undefined where the process was killed in it, or it has not returned. */
  readonly result: string | undefined
}

const LINE = /^(\d+) +(\w+)\((.*)$/
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>.*?\) += (.*)$/
const RESULT = /^.*\) += (.*)$/
const DESCRIPTOR = /^\d+<(\/[^>]*)>/
const QUOTED = /"((?:[^"\\]|\\.)*)"/g

/** In the order in which they were made, those on sockets left out. */
export function parseStraceLog(log: string): readonly LoggedCall[] {
  const calls: LoggedCall[] = []
  const counts = new Map<string, number>()
  const count = (key: string) => {
    const number = (counts.get(key) ?? 0) + 1
    counts.set(key, number)
    return number
  }
  const unfinished = new Map<string, number>()
  for (const line of log.split('\n')) {
    const resumed = RESUMED.exec(line)
    if (resumed) {
      const [, thread = '', call = '', result = ''] = resumed
      const index = unfinished.get(`${thread} ${call}`) ?? -1
      const before = calls[index]
      if (before !== undefined) calls[index] = { ...before, result: known(result) }
      continue
    }
    const [, thread = '', name = '', rest = ''] = LINE.exec(line) ?? []
    const call = WRITING_CALLS.find((known) => known === name)
    const path = call && pathOf(call, rest)
    if (call === undefined || path === undefined) continue
    const number = count(`${thread} ${call} ${path}`)
    const writes = call !== 'openat' || /\bO_(CREAT|TRUNC)\b/.test(rest)
    if (rest.includes('<unfinished')) unfinished.set(`${thread} ${call}`, calls.length)
    const [, result = UNKNOWN] = RESULT.exec(rest) ?? []
    calls.push({
      thread: Number(thread),
      call,
      path,
      number,
      writes,
      text: rest,
      result: known(result),
    })
  }
  return calls
}

const UNKNOWN = '?'

function known(result: string): string | undefined {
  return result === UNKNOWN ? undefined : result
}

function pathOf(call: WritingCall, rest: string): string | undefined {
  const descriptor = DESCRIPTOR.exec(rest)?.[1]
  if (call !== 'openat' && call !== 'utimensat' && descriptor !== undefined) return descriptor
  if (/^\d+</.test(rest)) return undefined
  const paths = [...rest.matchAll(QUOTED)].map(([, path]) => path)
  return call === 'symlink' ? paths.at(-1) : paths[0]
}
