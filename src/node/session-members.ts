/** Everything that runs on behalf of a session: what descends from it, and what has got away. */
import { systemErrorCode } from '../base/errors.ts'
import type { ProcessPorts } from './ports.ts'
import { findProcess, type ProcessId, processNumbers, readProc } from './proc.ts'
import { processTree } from './process-tree.ts'

type ProcFiles = ProcessPorts['fs']

/**
 * The tree of sshd's monitor, and those that were started in it and have left it (`setsid`, `nohup`):
 * their parent is init, but they still carry the session's SSH_CONNECTION (ssh(1), ENVIRONMENT),
 * which names both ends of the connection and so no other session of this time.
 *
 * A process can give itself any environment, so a mark counts for processes of the same user alone:
 * whoever forges another session's mark has only those ended that he could have ended himself.
 */
export async function sessionMembers(
  fs: ProcFiles,
  monitor: ProcessId,
): Promise<readonly ProcessId[]> {
  const tree = await processTree(fs, monitor.pid)
  const marks = new Set<string>()
  for (const { pid } of tree) {
    const mark = pid === monitor.pid ? undefined : await markOf(fs, pid)
    if (mark !== undefined) marks.add(mark)
  }
  if (marks.size === 0) return tree
  const members = new Map(tree.map((member) => [member.pid, member]))
  for (const pid of await processNumbers(fs)) {
    if (members.has(pid) || !marks.has((await markOf(fs, pid)) ?? '')) continue
    const escaped = await findProcess(fs, pid)
    // The addresses may have served an earlier connection.
    if (escaped && escaped.startTicks >= monitor.startTicks) members.set(pid, escaped)
  }
  return [...members.values()]
}

/** The real user of a process and the connection that it was started over; undefined without one. */
async function markOf(fs: ProcFiles, pid: number): Promise<string | undefined> {
  try {
    const variables = (await readProc(fs, `/proc/${pid}/environ`))?.split('\0')
    const connection = variables?.find((variable) => variable.startsWith('SSH_CONNECTION='))
    if (connection === undefined) return undefined
    const [, user] = /^Uid:\t(\d+)\t/m.exec((await readProc(fs, `/proc/${pid}/status`)) ?? '') ?? []
    return user === undefined ? undefined : `${user} ${connection}`
  } catch (error) {
    // Not even root may look into every process: a container's first one belongs to its host.
    const code = systemErrorCode(error)
    if (code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}
