import { join } from 'node:path'
import { ensureSafeDirectory } from '../identity/safe-directory.ts'
import { NodeError } from './errors.ts'
import type { NodeSshd } from './node-sshd.ts'
import { openOwnSshd } from './own-sshd.ts'
import { type NodeParameters, ownSshdDirectory } from './parameters.ts'
import type { NodePorts } from './ports.ts'
import { openSystemSshd } from './system-sshd.ts'

/** The sshd that the parameters mean. @throws NodeError; IdentityError */
export async function openNodeSshd(
  ports: NodePorts,
  parameters: NodeParameters,
): Promise<NodeSshd> {
  requireRoot(ports)
  const { sshd, sshdDirectory, pamDirectory, ownSshd } = parameters
  if (ownSshd !== undefined) {
    const wanted = ownSshdDirectory(parameters)
    const directory = await ensurePublicDirectory(ports, wanted, "the directory of the node's sshd")
    return openOwnSshd(ports, { sshd, ...ownSshd, directory, pamDirectory })
  }
  const pamService = join(pamDirectory, 'sshd')
  return openSystemSshd(ports, { sshd, directory: sshdDirectory, pamService })
}

/** @throws NodeError `not-root` */
export function requireRoot({ self }: Pick<NodePorts, 'self'>): void {
  if (self.uid === 0) return
  throw new NodeError('not-root', "a node's agent runs as root: sshd takes root's files only", {
    hint: 'sudo mezd node …',
  })
}

/** Everyone may pass through it, and only root can change it. */
export function ensurePublicDirectory(
  { fs, self }: Pick<NodePorts, 'fs' | 'self'>,
  path: string,
  what: string,
): Promise<string> {
  return ensureSafeDirectory(fs, path, { self, mode: 0o755, what, code: 'unsafe-state' })
}

export function ensurePrivateDirectory(
  { fs, self }: Pick<NodePorts, 'fs' | 'self'>,
  path: string,
  what: string,
): Promise<string> {
  const code = 'unsafe-state'
  return ensureSafeDirectory(fs, path, { self, mode: 0o700, what, code, secret: true })
}
