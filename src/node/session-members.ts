/** Everything that runs on behalf of a session: what descends from it, and what has got away. */
import { SECOND } from '../base/clock.ts'
import { holdsConnection } from './open-connections.ts'
import type { ProcessPorts, ProcFiles } from './ports.ts'
import {
  findProcess,
  isSshd,
  type Process,
  type ProcessId,
  type ProcessTable,
  readProc,
  realUser,
  unlessHidden,
} from './proc.ts'
import type { Session } from './session.ts'

export type TrackedSession = Pick<Session, 'monitor' | 'connection' | 'login'>

export interface SessionMembers {
  /** Of sshd's own: its monitor, and what serves the connection as the login. */
  readonly sshd: readonly ProcessId[]
  /** What the client has started, and what that has. */
  readonly started: readonly ProcessId[]
  /** With what has been learned. */
  readonly traces: SessionTraces
}

/** What is known of a session, and can't be seen any more when its monitor has gone. */
export interface SessionTraces {
  /** The kernel's number for all that descends from it; undefined where the kernel doesn't count. */
  readonly auditSession: number | undefined
  /** The user that its processes run as; undefined until that is seen, and where it is root. */
  readonly user: number | undefined
}

export const NO_TRACES: SessionTraces = { auditSession: undefined, user: undefined }

/**
 * Finds them by what they can't get rid of, as far as the machine has it:
 *
 * - their ancestors: from the monitor on, or when that has gone, from what holds the connection
 * - the kernel's audit session, which pam_loginuid begins for each login and which children inherit:
 *   whoever is not root keeps it, whatever he executes
 * - where there is none, as in containers, the SSH_CONNECTION (ssh(1), ENVIRONMENT) of those that
 *   have left the tree (`setsid`, `nohup`). It names both ends of the connection, and so no other
 *   session of this time. A process can give itself any environment, so this mark counts for
 *   processes of the same user alone: whoever forges another session's mark has only those ended
 *   that he could have ended himself.
 */
export async function sessionMembers(
  ports: ProcessPorts,
  table: ProcessTable,
  session: TrackedSession,
  known: SessionTraces = NO_TRACES,
): Promise<SessionMembers> {
  const { proc } = ports
  const { monitor, connection, login } = session
  const children = childrenOf(table)
  const own = ofSshd(proc, table, children, session)
  const sshd = new Map(own.map((it) => [it.pid, it]))
  const started = new Map<number, Process>()
  const isKnown = ({ pid }: Process) => sshd.has(pid) || started.has(pid)
  const takeTree = (root: Process) => {
    const due = [root]
    for (let it = due.pop(); it !== undefined; it = due.pop()) {
      if (!isKnown(it)) started.set(it.pid, it)
      else if (it !== root) continue
      due.push(...(children.get(it.pid) ?? []))
    }
  }
  for (const it of own) takeTree(it)

  const learned = learnTraces(proc, own, known)
  const { auditSession, user = login === 'root' ? 0 : undefined } = learned
  for (const it of table.values()) {
    // What is older than the session isn't of it: numbers and addresses are used again.
    if (it.startTicks < monitor.startTicks || isKnown(it)) continue
    const isOfSession =
      auditSession === undefined
        ? await carriesMark(ports, it.pid, connection, user)
        : auditSessionOf(proc, it.pid) === auditSession
    if (isOfSession) takeTree(it)
  }
  return { sshd: own, started: [...started.values()], traces: learned }
}

/** What can be learned of a session from its monitor, beyond what is known already. */
export function tracesOf(
  proc: ProcFiles,
  { monitor }: TrackedSession,
  known: SessionTraces,
): SessionTraces {
  const root = findProcess(proc, monitor.pid)
  if (root === undefined) return known
  const numbers = readProc(proc, `/proc/${root.pid}/task/${root.pid}/children`) ?? ''
  const children = numbers
    .split(' ')
    .filter((word) => word !== '' && isSshd(proc, Number(word)))
    .map((word) => findProcess(proc, Number(word)))
    .filter((child) => child !== undefined)
  return learnTraces(proc, [root, ...children], known)
}

function ofSshd(
  proc: ProcFiles,
  table: ProcessTable,
  children: ReadonlyMap<number, readonly Process[]>,
  { monitor, connection }: TrackedSession,
): readonly Process[] {
  const root = table.get(monitor.pid)
  if (root?.startTicks === monitor.startTicks) {
    return [root, ...(children.get(root.pid) ?? []).filter(({ pid }) => isSshd(proc, pid))]
  }
  if (connection === '') return []
  return [...table.values()].filter(
    ({ pid, parent, startTicks }) =>
      startTicks >= monitor.startTicks &&
      isSshd(proc, pid) &&
      !isSshd(proc, parent) &&
      holdsConnection(proc, pid, connection),
  )
}

/** The kernel's word for a process that belongs to none. */
const NO_AUDIT_SESSION = 4_294_967_295

function auditSessionOf(proc: ProcFiles, pid: number | 'self'): number | undefined {
  const text = unlessHidden(() => readProc(proc, `/proc/${pid}/sessionid`))
  const number = Number(text ?? NO_AUDIT_SESSION)
  return number === NO_AUDIT_SESSION ? undefined : number
}

function learnTraces(
  proc: ProcFiles,
  sshd: readonly Process[],
  known: SessionTraces,
): SessionTraces {
  const worker = sshd.at(-1)
  if (worker === undefined) return known
  const owner = known.user ?? realUser(proc, worker.pid)
  const auditSession = known.auditSession ?? auditSessionOf(proc, worker.pid)
  // Where pam_loginuid isn't used it is that of whoever has started sshd.
  const others = [auditSessionOf(proc, 'self'), auditSessionOf(proc, sshd[0]?.parent ?? 1)]
  const isOwn = !others.includes(auditSession)
  return {
    auditSession: isOwn ? auditSession : undefined,
    // All of sshd is root at first.
    user: owner === 0 ? known.user : owner,
  }
}

/** How long the kernel may take to read an environment; only a process that hides its own takes it. */
const ENVIRONMENT_MS = 2 * SECOND

async function carriesMark(
  { proc, fs, clock }: ProcessPorts,
  pid: number,
  connection: string,
  user: number | undefined,
): Promise<boolean> {
  if (connection === '') return false
  const owner = realUser(proc, pid)
  if (user === undefined ? owner === 0 : owner !== user) return false
  const done = new AbortController()
  const environment = await Promise.race([
    fs.readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    clock.sleep(ENVIRONMENT_MS, done.signal).catch(() => undefined),
  ])
  done.abort()
  return environment?.split('\0').includes(`SSH_CONNECTION=${connection}`) ?? true
}

function childrenOf(table: ProcessTable): ReadonlyMap<number, readonly Process[]> {
  return Map.groupBy(table.values(), ({ parent }) => parent)
}
