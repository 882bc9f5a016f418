/** What `mezd node status` shows, read beside a running agent and without disturbing it. */
import { join } from 'node:path'
import { formatAddress } from '../base/address.ts'
import { type Clock, formatTime } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { FileSystem } from '../base/file-system.ts'
import { holderOf, STATE_LOCK } from '../identity/hold.ts'
import { parseKrl } from '../ssh/krl.ts'
import { type Progress, readAgentProgress } from './agent-progress.ts'
import { hostCertificateEndsAt, identityEndsAt, type NodeIdentity } from './node-identity.ts'
import type { Connection } from './node-observer.ts'
import { NodeState } from './node-state.ts'
import { type NodeParameters, secretDirectory } from './parameters.ts'

export type NodeProblemCode =
  | 'not-joined'
  | 'state-unreadable'
  | 'agent-stopped'
  | 'stale'
  | 'identity-expired'
  | 'host-certificate-expired'
  | 'revoked-keys-unreadable'
  | 'files-behind'
  | 'failing'

export interface NodeProblem {
  readonly code: NodeProblemCode
  readonly message: string
}

/** Plain values, fit for JSON. Times are milliseconds since the epoch; undefined: not known. */
export interface NodeStatus {
  readonly stateDirectory: string
  readonly name: string | undefined
  readonly instanceId: string | undefined
  /** Decimal. */
  readonly generation: string | undefined
  readonly hub: string | undefined
  /** Whether the hub is in touch; what it said last holds meanwhile. */
  readonly connection: Connection | undefined
  readonly identityEndsAt: number | undefined
  readonly hostCertificateEndsAt: number | undefined
  readonly hostCertificatePrincipals: readonly string[]
  readonly nextRenewalAt: number | undefined
  /** How long the hub's last update took to be on the disk. */
  readonly appliedInMs: number | undefined
  /** Logins that somebody may enter as. */
  readonly logins: readonly string[]
  /** Sessions that are in. */
  readonly sessions: number
  /** Session events that the hub doesn't have yet. */
  readonly unreportedEvents: number
  /** The agent that runs: `pid 4711 since …`. */
  readonly heldBy: string | undefined
  /** Empty when all is well. */
  readonly problems: readonly NodeProblem[]
}

export interface NodeStatusPorts {
  readonly fs: FileSystem
  readonly clock: Pick<Clock, 'now'>
}

/** Never throws for what it finds: that stands in `problems`. */
export async function readNodeStatus(
  { fs, clock }: NodeStatusPorts,
  parameters: Pick<NodeParameters, 'stateDirectory' | 'runDirectory'>,
): Promise<NodeStatus> {
  const { stateDirectory } = parameters
  const secret = secretDirectory(parameters)
  const problems: NodeProblem[] = []
  const report = (code: NodeProblemCode, message: string) => problems.push({ code, message })
  const { identity, progress } = await readState(fs, secret, report)
  const files = progress?.sshdFiles
  const logins = files === undefined ? [] : await namesIn(fs, join(files, 'principals'))
  if (files !== undefined && identity) await judgeRevokedKeys(fs, files, report)
  const heldBy = await holderIfAny(fs, secret)
  if (identity) judge(identity, progress, clock.now(), report)
  if (identity && heldBy === undefined) report('agent-stopped', 'no mezd keeps this node')
  const { hostCertificate } = identity ?? {}
  return {
    stateDirectory,
    name: identity?.name,
    instanceId: identity?.instanceId,
    generation: identity?.generation.toString(),
    hub: identity && formatAddress(identity.hub),
    connection: heldBy === undefined ? undefined : progress?.connection,
    identityEndsAt: identity && identityEndsAt(identity),
    hostCertificateEndsAt: identity && hostCertificateEndsAt(identity),
    hostCertificatePrincipals: hostCertificate?.validPrincipals ?? [],
    nextRenewalAt: progress?.nextRenewalAt,
    appliedInMs: progress?.appliedInMs,
    logins,
    sessions: (await namesIn(fs, join(secret, 'sessions'))).length,
    unreportedEvents: (await namesIn(fs, join(secret, 'events'))).length,
    heldBy,
    problems,
  }
}

type Report = (code: NodeProblemCode, message: string) => void

async function readState(fs: FileSystem, secret: string, report: Report) {
  try {
    const identity = await new NodeState(fs, secret).readIdentity()
    if (identity === undefined) report('not-joined', `${secret} holds no identity`)
    return { identity, progress: await readAgentProgress(fs, secret) }
  } catch (error) {
    report('state-unreadable', messageOf(error))
    return { identity: undefined, progress: undefined }
  }
}

function judge(
  identity: NodeIdentity,
  progress: Progress | undefined,
  now: number,
  report: Report,
): void {
  const ends = identityEndsAt(identity)
  if (now > ends) report('identity-expired', `the identity has ended at ${formatTime(ends)}`)
  const hostEnds = hostCertificateEndsAt(identity)
  if (now > hostEnds) {
    report('host-certificate-expired', `the host certificate has ended at ${formatTime(hostEnds)}`)
  }
  const { connection, failure, filesFailure } = progress ?? {}
  if (connection?.state === 'stale') {
    const since = formatTime(connection.since)
    report('stale', `the hub is not in touch since ${since}: ${connection.reason}`)
  }
  if (filesFailure !== undefined) report('files-behind', filesFailure)
  if (failure) {
    report('failing', `the last failure was at ${formatTime(failure.at)}: ${failure.message}`)
  }
}

/** sshd refuses every key of everyone while it can't read that file. */
async function judgeRevokedKeys(fs: FileSystem, files: string, report: Report): Promise<void> {
  const path = join(files, 'revoked.krl')
  try {
    const content = await fs.readFile(path)
    if (content.length > 0) parseKrl(content)
  } catch (error) {
    report('revoked-keys-unreadable', `sshd can't read ${path}: ${messageOf(error)}`)
  }
}

async function namesIn(fs: FileSystem, directory: string): Promise<readonly string[]> {
  const names = await fs.readdir(directory).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).sort()
}

/** Asking makes the file of the lock, so it is only asked where there has been one. */
async function holderIfAny(fs: FileSystem, directory: string): Promise<string | undefined> {
  try {
    await fs.lstat(join(directory, STATE_LOCK))
    return holderOf(directory, STATE_LOCK)
  } catch {
    return undefined
  }
}
