import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Whether a process of that number exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Sends a signal to a process, or with a negative number to a group, that may be gone already. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}

/** The process and all that descend from it, parents first. */
export function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}

/** Ends the process and its descendants at once, wherever they have moved to by `setsid`. */
export function killTree(pid: number): void {
  for (const member of processTree(pid)) signalQuietly(member, 'SIGKILL')
}

/** Of any thread of it. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
          .trim()
          .split(' ')
          .filter(Boolean),
      )
      .map(Number)
  } catch {
    return []
  }
}

function ownerOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid
}

/** What every process of the machine was started as, its words parted by blanks. */
export function commandLines(): readonly string[] {
  return processIds().map(commandLine)
}

/** Empty when the process has gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** The processes of a user. */
export function processesOf(uid: number): readonly number[] {
  return processIds().filter((pid) => ownerOf(pid) === uid)
}

export function processIds(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}
