/**
 * Processes as `/proc` shows them. A number is used again, its start along with it is not.
 *
 * It is memory, so it is read at once: on a busy machine hundreds of files that are each waited for
 * take seconds. What a process can make hard to read, its memory, isn't read here but of sshd's own.
 */
import { basename } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import type { ProcFiles } from './ports.ts'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks from the machine's boot to the start of the process. */
  readonly startTicks: bigint
}

export interface Process extends ProcessId {
  readonly parent: number
}

/** The process that has this number now; undefined when there is none, or a dead one. */
export function findProcess(proc: ProcFiles, pid: number): Process | undefined {
  const stat = readProc(proc, `/proc/${pid}/stat`)
  // The name in parentheses can hold anything; proc(5) counts its fields from 1.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ', 20) ?? []
  const [state = 'X', parent = '0', ticks = ''] = [fields[0], fields[1], fields[19]]
  if (/^[ZXx]$/.test(state) || !/^\d{1,19}$/.test(ticks)) return undefined
  return { pid, parent: Number(parent), startTicks: BigInt(ticks) }
}

export function isRunning(proc: ProcFiles, { pid, startTicks }: ProcessId): boolean {
  return findProcess(proc, pid)?.startTicks === startTicks
}

/** Every process that lives, by its number. */
export type ProcessTable = ReadonlyMap<number, Process>

export function readProcessTable(proc: ProcFiles): ProcessTable {
  const table = new Map<number, Process>()
  for (const pid of processNumbers(proc)) {
    const found = findProcess(proc, pid)
    if (found !== undefined) table.set(pid, found)
  }
  return table
}

/** The words of its command line, or the title that it has given itself. */
export function commandLine(proc: ProcFiles, pid: number): readonly string[] {
  const text = readProc(proc, `/proc/${pid}/cmdline`) ?? ''
  return text.split(/[\0 ]+/).filter((word) => word !== '')
}

/** The real user, whom a process can't choose; undefined when it has gone. */
export function realUser(proc: ProcFiles, pid: number): number | undefined {
  const [, user] = /^Uid:\t(\d+)\t/m.exec(readProc(proc, `/proc/${pid}/status`) ?? '') ?? []
  return user === undefined ? undefined : Number(user)
}

/** The name of the program's file. An update of a package leaves the old one running, "(deleted)". */
export function programOf(proc: ProcFiles, pid: number): string {
  return basename(readLink(proc, `/proc/${pid}/exe`) ?? '').replace(/ \(deleted\)$/, '')
}

/** Whether it runs sshd, or one of the programs that sshd has come in from 9.8 on. */
export function isSshd(proc: ProcFiles, pid: number): boolean {
  return /^sshd(?:-session|-auth)?$/.test(programOf(proc, pid))
}

export function processNumbers(proc: ProcFiles): readonly number[] {
  return proc
    .readdirSync('/proc')
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
}

/** Undefined when the process has gone. */
export function readProc(
  proc: ProcFiles,
  path: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): string | undefined {
  return unlessGone(() => proc.readFileSync(path, encoding))
}

/** Undefined when the process has gone, or may not be looked into. */
export function readLink(proc: ProcFiles, path: string): string | undefined {
  return unlessHidden(() => unlessGone(() => proc.readlinkSync(path)))
}

/** Empty when the process has gone, or may not be looked into. */
export function readDirectory(proc: ProcFiles, path: string): readonly string[] {
  return unlessHidden(() => unlessGone(() => proc.readdirSync(path))) ?? []
}

/** Not even root may look into every process: a container's first one belongs to its host. */
export function unlessHidden<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}

/** Of a file, or of a process. */
export function unlessGone<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
