import type { ProcessPorts } from './ports.ts'
import { findProcess, type ProcessId, readProc } from './proc.ts'

/**
 * A process and all that descend from it, parents first. Those whose parent has ended belong to
 * init, so a tree is taken before anything in it is ended.
 */
export async function processTree(
  fs: ProcessPorts['fs'],
  root: number,
): Promise<readonly ProcessId[]> {
  const found: ProcessId[] = []
  const seen = new Set<number>()
  const queue = [root]
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    if (seen.has(pid)) continue
    seen.add(pid)
    const process = await findProcess(fs, pid)
    if (process === undefined) continue
    found.push(process)
    queue.push(...(await childrenOf(fs, pid)))
  }
  return found
}

async function childrenOf(fs: ProcessPorts['fs'], pid: number): Promise<readonly number[]> {
  const threads = await fs.readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = threads.map((thread) => readProc(fs, `/proc/${pid}/task/${thread}/children`))
  return (await Promise.all(lists))
    .flatMap((list) => list?.trim().split(' ') ?? [])
    .filter((word) => word !== '')
    .map(Number)
}
