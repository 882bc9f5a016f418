import { systemErrorCode } from '../base/errors.ts'
import type { ProcessPorts } from './ports.ts'
import { isRunning, type ProcessId } from './proc.ts'
import { processTree } from './process-tree.ts'
import { sessionMembers } from './session-members.ts'

const PATIENCE_MS = 500
const POLL_MS = 25
/** Whoever forks on while it is being ended is caught in a later round. */
const ROUNDS = 10

/**
 * Ends a session: sshd's monitor disconnects the client at once when it is told to end, and what the
 * client had started is given half a second to end by itself.
 *
 * @param monitor sshd's privileged process of the session
 * @returns whether everything has ended; true also when nothing was left to end
 */
export async function endSession(monitor: ProcessId, ports: ProcessPorts): Promise<boolean> {
  if (!(await isRunning(ports.fs, monitor))) return true
  let members = await sessionMembers(ports.fs, monitor)
  signal(ports, monitor, 'SIGTERM')
  for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
    members = await survivors(ports, members)
    if (members.length === 0) return true
    await ports.clock.sleep(POLL_MS)
  }
  for (let round = 0; round < ROUNDS && members.length > 0; round++) {
    for (const member of members) signal(ports, member, 'SIGKILL')
    await ports.clock.sleep(POLL_MS)
    members = await survivors(ports, members)
  }
  return members.length === 0
}

/** Those that are still there, and what they have started since. */
async function survivors(
  { fs }: ProcessPorts,
  members: readonly ProcessId[],
): Promise<readonly ProcessId[]> {
  const left = new Map<number, ProcessId>()
  for (const member of members) {
    if (left.has(member.pid) || !(await isRunning(fs, member))) continue
    for (const descendant of await processTree(fs, member.pid)) left.set(descendant.pid, descendant)
  }
  return [...left.values()]
}

function signal({ kill }: ProcessPorts, { pid }: ProcessId, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    kill(pid, name)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error
  }
}
