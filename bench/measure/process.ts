/** What the kernel says of a running process: see proc(5). */
import { readFileSync } from 'node:fs'

/** Of `utime` and `stime`, on every Linux. */
const TICKS_PER_SECOND = 100

export interface CpuTime {
  /** Seconds of all threads. */
  readonly process: number
  /** Seconds of the first thread, in Node the one with the event loop. */
  readonly mainThread: number
}

export function cpuTime(pid: number): CpuTime {
  return {
    process: secondsIn(`/proc/${pid}/stat`),
    mainThread: secondsIn(`/proc/${pid}/task/${pid}/stat`),
  }
}

/** Seconds of all processes that this one has started and that have ended. */
export function cpuOfEnded(): number {
  return secondsIn('/proc/self/stat', 13)
}

/** @param first of two fields that are added, counted from 0 behind the name */
function secondsIn(file: string, first = 11): number {
  // The second field is a name in parentheses, which may hold anything; utime is the 14th.
  const text = readFileSync(file, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND
}

export interface Memory {
  /** MB of pages in memory. */
  readonly rss: number
  /** The same, with shared pages divided among those who share them. */
  readonly pss: number
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024
  return { rss: megabytes('Rss'), pss: megabytes('Pss') }
}
