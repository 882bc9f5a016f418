/** `mezd node leave`: the hub forgets the node, and the machine is as it was before it joined. */
import { holdDirectory, STATE_LOCK } from '../identity/hold.ts'
import { endsInstance } from '../identity/refusals.ts'
import { NodeError } from './errors.ts'
import { credentialOf } from './node-identity.ts'
import { callOptions } from './node-renewer.ts'
import { NodeState } from './node-state.ts'
import { ensurePrivateDirectory, openNodeSshd } from './open-sshd.ts'
import { installedOwnSshd } from './own-sshd-config.ts'
import {
  type NodeParameters,
  ownSshdDirectory,
  secretDirectory,
  spoolDirectory,
} from './parameters.ts'
import type { NodePorts } from './ports.ts'

export interface LeaveOptions {
  readonly ports: NodePorts
  readonly parameters: NodeParameters
  readonly signal: AbortSignal
  /** Puts the machine back also when the hub can't be told, or there is no identity to tell it with. */
  readonly force: boolean
}

export interface LeaveResult {
  /** Undefined: the hub was told; else why it wasn't. */
  readonly hubError: unknown
}

/**
 * Tells the hub first: afterwards there is nothing left to tell it with. Sessions that are in stay.
 *
 * @throws NodeError `not-joined`; IdentityError `held` while an agent runs; HubError
 */
export async function leaveNode(options: LeaveOptions): Promise<LeaveResult> {
  const { ports, force } = options
  const parameters = await withInstalledSshd(options)
  const { fs } = ports
  const secret = secretDirectory(parameters)
  const statePath = await ensurePrivateDirectory(ports, secret, 'the state directory')
  const result = { hubError: undefined as unknown }
  {
    await using _hold = await holdDirectory(statePath, STATE_LOCK, 'the state directory', ports)
    await tellHub(options, new NodeState(fs, statePath, ports.self.uid)).catch((error: unknown) => {
      if (!force) throw error
      result.hubError = error
    })
    const sshd = await openNodeSshd(ports, parameters)
    await sshd.uninstall()
  }
  for (const path of [statePath, ownSshdDirectory(parameters), spoolDirectory(parameters)]) {
    await fs.rm(path, { recursive: true, force: true })
  }
  return result
}

async function tellHub(options: LeaveOptions, state: NodeState): Promise<void> {
  const { ports, parameters, signal } = options
  const identity = await state.readIdentity()
  if (identity === undefined) {
    throw new NodeError('not-joined', `${state.path} holds no identity`, {
      hint: 'name its --state-dir; --force takes away what is on this machine without one',
    })
  }
  try {
    const to = callOptions({ parameters, signal }, identity)
    await ports.hub.leaveNode(credentialOf(identity), to)
  } catch (error) {
    if (!endsInstance(error)) throw error
  }
}

/** Which sshd it was stands in the state directory. */
async function withInstalledSshd({ ports, parameters }: LeaveOptions): Promise<NodeParameters> {
  const ownSshd = await installedOwnSshd(ports.fs, ownSshdDirectory(parameters))
  return { ...parameters, ownSshd: ownSshd ?? parameters.ownSshd }
}
