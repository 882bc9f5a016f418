/** The daemon: keeps one identity fresh for as long as it runs. */
import { claimDestination } from './claim.ts'
import { holdDirectory, STATE_LOCK } from './hold.ts'
import { IdentityLoop } from './identity-loop.ts'
import type { DaemonObserver } from './observer.ts'
import {
  checkParameters,
  type IdentityParameters,
  readToken,
  stateDirectoryOf,
  tokenNeeded,
} from './parameters.ts'
import type { IdentityPorts } from './ports.ts'
import type { RenewalTrigger } from './renewal-trigger.ts'
import { ensureSafeDirectory } from './safe-directory.ts'
import { stateDirectory } from './state.ts'

export interface DaemonOptions {
  readonly ports: IdentityPorts
  readonly parameters: IdentityParameters
  /**
   * The parameters as they are by now: of those above, the renewal interval, the certificate's TTL and
   * the SSH key's lifetime may change while it runs.
   */
  readonly currentParameters?: (() => IdentityParameters) | undefined
  /** Stops the daemon. */
  readonly signal: AbortSignal
  readonly trigger: RenewalTrigger
  readonly observer: DaemonObserver
  /**
   * The join token as it is given now, where that can have changed since the start: in a file. Asked
   * when the hub has given the identity up for good.
   */
  readonly rereadJoinToken?: (() => Promise<string | undefined>) | undefined
  /** Called once destination and state are this process's alone, before anything is done there. */
  readonly onHeld?: (() => Promise<void>) | undefined
}

/**
 * Runs until `signal` is aborted. It joins when the state directory holds no identity; when it holds
 * one, a token is not needed, and not looked at unless the hub has given that identity up for good;
 * what its file holds then counts, whenever it was put there.
 * Once there is an identity nothing ends the daemon: every failure is reported and tried again.
 *
 * @throws IdentityError at the start: bad parameters, an unsafe destination, a damaged state, a
 *   second daemon on the same directory, no token; HubError when the hub refuses the first join
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { ports, parameters } = options
  const { fs, self } = ports
  checkParameters(parameters)
  const token = readToken(parameters)
  await using claim = await claimDestination(ports, parameters)
  const statePath = await ensureSafeDirectory(fs, stateDirectoryOf(parameters), {
    self,
    mode: 0o700,
    what: 'the state directory',
    code: 'unsafe-state',
    secret: true,
  })
  await using _hold = await holdDirectory(statePath, STATE_LOCK, 'the state directory', ports)
  await options.onHeld?.()
  const state = stateDirectory(fs, statePath, self.uid)
  const identity = await state.readIdentity()
  // A damaged file is told at once, not at the first renewal.
  const unfinished = await state.readPendingJoin()
  await state.readPendingRenewal()
  if (identity === undefined && token === undefined) {
    throw tokenNeeded(
      unfinished === undefined
        ? `${statePath} holds no identity yet`
        : `the join that ${statePath} was in was not finished; give the same token again`,
    )
  }
  await new IdentityLoop({
    ...options,
    destination: claim.destination,
    state,
    token,
    identity,
  }).run()
}
