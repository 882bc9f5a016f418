/** Processes as `/proc` shows them. A number is used again, its start along with it is not. */
import { systemErrorCode } from '../base/errors.ts'
import type { ProcessPorts } from './ports.ts'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks from the machine's boot to the start of the process. */
  readonly startTicks: bigint
}

type ProcFiles = ProcessPorts['fs']

/** The process that has this number now; undefined when there is none, or a dead one. */
export async function findProcess(fs: ProcFiles, pid: number): Promise<ProcessId | undefined> {
  const fields = await statOf(fs, pid)
  const [state = 'X', ticks = ''] = [fields[0], fields[19]]
  if (/^[ZXx]$/.test(state) || !/^\d{1,19}$/.test(ticks)) return undefined
  return { pid, startTicks: BigInt(ticks) }
}

/** Undefined when the process has gone. */
export async function parentOf(fs: ProcFiles, pid: number): Promise<number | undefined> {
  const [, parent] = await statOf(fs, pid)
  return parent === undefined ? undefined : Number(parent)
}

/** The fields of proc(5)'s `stat` from the third on: the name before them can hold anything. */
async function statOf(fs: ProcFiles, pid: number): Promise<readonly string[]> {
  const stat = await readProc(fs, `/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
}

export async function isRunning(fs: ProcFiles, { pid, startTicks }: ProcessId): Promise<boolean> {
  return (await findProcess(fs, pid))?.startTicks === startTicks
}

/** The words of its command line, or the title that it has given itself. */
export async function commandLine(fs: ProcFiles, pid: number): Promise<readonly string[]> {
  const text = (await readProc(fs, `/proc/${pid}/cmdline`)) ?? ''
  return text.split(/[\0 ]+/).filter((word) => word !== '')
}

export async function processNumbers(fs: ProcFiles): Promise<readonly number[]> {
  return (await fs.readdir('/proc')).filter((name) => /^[1-9]\d*$/.test(name)).map(Number)
}

/** Undefined when the process has gone. */
export async function readProc(
  fs: ProcFiles,
  path: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<string | undefined> {
  try {
    return await fs.readFile(path, encoding)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
