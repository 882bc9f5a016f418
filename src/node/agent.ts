/**
 * A node's agent: makes sshd of this machine do what the hub says, and tells the hub who is in.
 *
 * Invariants of this folder:
 * - sshd decides by files alone. It never waits for the agent, and goes on without agent and hub.
 * - From any instruction on at which the agent is killed, sshd accepts the files that are there, and
 *   the administrator's own keys work.
 * - Only the hub evaluates. The agent writes what it was told, and closes what it can't write.
 * - Identity keys are durable before the hub is asked to certify them.
 * - Hub, file system, clock, randomness and processes are arguments.
 */
import type { FileSystem } from '../base/file-system.ts'
import { Waker } from '../base/waker.ts'
import { GivenToken } from '../identity/given-token.ts'
import { holdDirectory, STATE_LOCK } from '../identity/hold.ts'
import type { RenewalTrigger } from '../identity/renewal-trigger.ts'
import { AgentProgress } from './agent-progress.ts'
import { CurrentIdentity } from './current-identity.ts'
import { NodeError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { reportEvents } from './event-reporter.ts'
import { GrantWatcher } from './grant-watcher.ts'
import { Grants } from './grants.ts'
import { IdentityKeeper, placeHostCertificate } from './identity-keeper.ts'
import { LiveSessions } from './live-sessions.ts'
import { type NodeIdentity, userCasOf } from './node-identity.ts'
import type { NodeObserver } from './node-observer.ts'
import type { NodeRenewer } from './node-renewer.ts'
import type { NodeSshd } from './node-sshd.ts'
import { NodeState } from './node-state.ts'
import { ensurePrivateDirectory, ensurePublicDirectory, openNodeSshd } from './open-sshd.ts'
import {
  checkNodeParameters,
  type NodeParameters,
  type NodeToken,
  readNodeToken,
  secretDirectory,
  spoolDirectory,
  tokenNeeded,
} from './parameters.ts'
import type { NodePorts } from './ports.ts'
import { sessionHook } from './session-hook.ts'
import { SessionTracker } from './session-tracker.ts'
import { SshdFiles } from './sshd-files.ts'

export interface NodeAgentOptions {
  readonly ports: NodePorts
  readonly parameters: NodeParameters
  /** Stops the agent; sshd's files stay. */
  readonly signal: AbortSignal
  /** Renew now. */
  readonly trigger: RenewalTrigger
  readonly observer: NodeObserver
  /**
   * The join token as it is given now, where that can have changed since the start: in a file. Asked
   * when the hub has given the node up for good.
   */
  readonly rereadJoinToken?: (() => Promise<string | undefined>) | undefined
  /** Called once the state is this process's alone, before anything is done. */
  readonly onHeld?: (() => Promise<void>) | undefined
}

/**
 * Runs until `signal` is aborted. It joins when the state directory holds no identity. Once sshd
 * uses the node's files nothing ends the agent: every failure is told and tried again.
 *
 * @throws NodeError, IdentityError at the start: bad parameters, no root, an sshd that can't be a
 *   node's, a second agent, no token; HubError when the hub refuses the join for good
 */
export async function runNodeAgent(options: NodeAgentOptions): Promise<void> {
  const { ports, parameters, signal, observer } = options
  checkNodeParameters(parameters)
  const token = readNodeToken(parameters)
  await ensurePublicDirectory(ports, parameters.stateDirectory, 'the state directory')
  const secret = secretDirectory(parameters)
  const statePath = await ensurePrivateDirectory(ports, secret, 'the state directory')
  await using _hold = await holdDirectory(statePath, STATE_LOCK, 'the state directory', ports)
  await options.onHeld?.()
  const sshd = await openNodeSshd(ports, parameters)
  for (const warning of sshd.warnings) observer.onWarning(warning)

  const state = new NodeState(ports.fs, statePath, ports.self.uid)
  const progress = new AgentProgress(ports.fs, statePath)
  progress.note({ sshdFiles: sshd.paths.directory })
  const renewer = createRenewer(options, state, sshd)
  const keeper = new IdentityKeeper({
    ...{ ...options, renewer, progress },
    token: givenToken(options, token),
  })
  try {
    const found = await loadIdentity(state, parameters)
    if (found !== undefined) keeper.load(found)
    else if (token === undefined) throw tokenNeeded(`${statePath} holds no identity yet`)
    const identity = found ?? (token && (await keeper.join(token)))
    if (identity === undefined) return
    const current = new CurrentIdentity(identity)
    const loops = await install(options, { statePath, sshd, current, progress })
    await Promise.all([keeper.run({ current, sshd, files: loops.files }), loops.run()])
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await progress.settled()
  }
}

function givenToken(
  { rereadJoinToken, parameters: { trust } }: NodeAgentOptions,
  token: NodeToken | undefined,
): GivenToken<NodeToken> {
  if (rereadJoinToken === undefined) return new GivenToken(token)
  return new GivenToken(token, async () =>
    readNodeToken({ joinToken: await rereadJoinToken(), trust }),
  )
}

async function loadIdentity(
  state: NodeState,
  { name }: NodeParameters,
): Promise<NodeIdentity | undefined> {
  const identity = await state.readIdentity()
  // Damaged ones are told at once, not at the first renewal.
  await state.readPendingJoin()
  await state.readPendingRenewal()
  if (identity === undefined) return undefined
  if (identity.name !== name) {
    throw new NodeError('invalid-parameters', `this is node ${identity.name}, not ${name}`, {
      hint: `start it as --name=${identity.name}, or take it away first: mezd node leave`,
    })
  }
  return identity
}

function createRenewer(
  { ports, parameters, signal }: NodeAgentOptions,
  state: NodeState,
  sshd: NodeSshd,
): NodeRenewer {
  const { name, labels, hosts, port } = parameters
  const description = { name, labels, hosts, port, sshdVersion: sshd.version.text }
  const hostKey = sshd.hostKey.publicKey
  return { hub: ports.hub, parameters, state, signal, description, hostKey }
}

interface Installation {
  readonly statePath: string
  readonly sshd: NodeSshd
  readonly current: CurrentIdentity
  readonly progress: AgentProgress
}

/** Puts the files in place, sshd onto the files, and returns the loops that keep them right. */
async function install(options: NodeAgentOptions, { sshd, current, ...rest }: Installation) {
  const { ports, parameters, signal, observer, trigger } = options
  const { statePath, progress } = rest
  const grants = new Grants()
  const files = new SshdFiles(ports.fs, sshd.paths, grants, ports.self.uid)
  const spool = spoolDirectory(parameters)
  await ensurePrivateDirectory(ports, spool, 'the directory of session records')
  for (const directory of [sshd.paths.directory, sshd.paths.principals]) {
    await ensurePublicDirectory(ports, directory, "the directory of sshd's files")
  }
  await files.prepare(current.value.trust, sessionHook(spool))
  await placeHostCertificate({ current, sshd, files })
  await sshd.install()
  current.noteServed()

  const scan = new Waker(ports.clock)
  const reports = new Waker(ports.clock)
  const queue = await EventQueue.open(ports.fs, `${statePath}/events`)
  const tracker = new SessionTracker({
    ...{ ports, spool, queue, live: new LiveSessions(ports.fs, `${statePath}/sessions`) },
    bootId: await readBootId(ports.fs),
    userCas: () => userCasOf(grants.trust ?? current.value.trust),
    judgement: () => grants.judgement(),
    observer,
    onEvent: (event) => {
      observer.onSession(event)
      reports.wake()
    },
    onFailure: (error) => observer.onFailure({ what: 'sessions', error, retryInMs: undefined }),
  })
  await tracker.load()
  observer.onRunning({
    sessions: () => tracker.sessions.length,
    queuedEvents: () => queue.length,
    logins: () => grants.logins().size,
    sshdReloads: () => sshd.reloads,
  })
  const shared = { ports, parameters, signal, observer, current }
  const watcher = new GrantWatcher({ ...shared, progress, grants, files, tracker, trigger })
  const onSshdFailure = (error: unknown) =>
    observer.onFailure({ what: 'sshd', error, retryInMs: undefined })
  return {
    files,
    async run(): Promise<void> {
      using _watch = ports.watchDirectory(spool, () => scan.wake())
      await Promise.all([
        watcher.run(),
        tracker.run(scan, signal),
        reportEvents({ ...shared, queue, waker: reports }),
        sshd.supervise(signal, onSshdFailure),
      ])
    },
  }
}

async function readBootId(fs: Pick<FileSystem, 'readFile'>): Promise<string> {
  return (await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
