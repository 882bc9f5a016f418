import { systemFileSystem } from '../../../base/file-system.ts'
import { recordLastDestination } from '../../../identity/last-destination.ts'
import type { Invocation } from '../../invocation.ts'
import { userStateDirectory } from '../../user-state.ts'
import { identityPorts } from './ports.ts'

/** So that `msh` finds the identity without being told; it is a convenience, never a failure. */
export async function remember(
  destination: string,
  invocation: Invocation,
  warn: (message: string) => void,
): Promise<void> {
  const base = userStateDirectory(invocation)
  const { self } = identityPorts(invocation)
  await recordLastDestination(systemFileSystem, base, destination, self).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    warn(`msh will need --identity=${destination}: ${reason}`)
  })
}
