/**
 * Keys stand in a program's memory, and a core dump is a copy of that on the disk. Linux lets a
 * process choose what of its memory is in one (core(5), "Controlling which mappings are written");
 * here it is nothing. Its children inherit the choice, so what is started for others gets it back.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const NOTHING = '0'

/** Before this process chose; undefined: it has not, or it can't. */
let before: string | undefined

/** Elsewhere than on Linux, and where `/proc` is missing, it does nothing. */
export function keepMemoryOutOfDumps(): void {
  try {
    const path = '/proc/self/coredump_filter'
    const found = readFileSync(path, 'utf8').trim()
    writeFileSync(path, NOTHING)
    before = `0x${found}`
  } catch {
    // The limit of a dump's size (RLIMIT_CORE) is the administrator's.
  }
}

/** For a child that was started just now, and is a program of its own. */
export function allowDumps(pid: number | undefined): void {
  if (pid === undefined || before === undefined) return
  try {
    writeFileSync(`/proc/${pid}/coredump_filter`, before)
  } catch {
    // It has ended, or is somebody else's by now.
  }
}
