/** What the kernel says of a running process: see proc(5). */
import { readFileSync } from 'node:fs'

/** Of `utime` and `stime`, on every Linux. */
const TICKS_PER_SECOND = 100

/** Milliseconds of CPU of all threads. */
export function cpuTime(pid: number): number {
  // The second field is a name in parentheses, which may hold anything; utime is the 14th.
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000
}

export interface Memory {
  /** MB of pages in memory. */
  readonly rss: number
  /** The most that it ever was. */
  readonly peak: number
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1_024
  return { rss: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}
