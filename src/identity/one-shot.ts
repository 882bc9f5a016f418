/** `--one-shot`: join, publish, exit. Nothing that could be renewed ever reaches the disk. */
import { SECOND } from '../base/clock.ts'
import { patienceAskedBy } from '../client/identity-hub.ts'
import { claimDestination } from './claim.ts'
import { type Publication, publish } from './destination.ts'
import { drawKeys, type Identity } from './identity.ts'
import {
  type BotToken,
  checkParameters,
  type IdentityParameters,
  readToken,
  tokenNeeded,
} from './parameters.ts'
import type { IdentityPorts } from './ports.ts'
import { isAnswerLost } from './refusals.ts'
import { askToJoin } from './renewer.ts'
import { retryDelay } from './schedule.ts'

export interface OneShotOptions {
  readonly ports: IdentityPorts
  readonly parameters: IdentityParameters
  readonly signal: AbortSignal
  /** Told when no answer came and the same join is tried again. */
  readonly onRetry: (error: unknown, retryInMs: number) => void
}

export interface OneShotResult {
  readonly identity: Identity
  readonly publication: Publication
}

const PATIENCE_MS = 60 * SECOND

/**
 * Joins with keys that only exist in memory; when the hub's answer is lost, again with the same ones
 * for a minute, which the hub recognises. A refusal is final.
 *
 * @throws IdentityError; HubError; JoinTokenError
 */
export async function runOneShot(options: OneShotOptions): Promise<OneShotResult> {
  const { ports, parameters } = options
  checkParameters(parameters)
  const token = readToken(parameters)
  if (token === undefined) throw tokenNeeded('a one-shot always joins anew')
  await using claim = await claimDestination(ports, parameters)
  const identity = await joinPatiently(options, token)
  const publication = await publish(ports.fs, claim.destination, identity, ports.clock.now())
  return { identity, publication }
}

async function joinPatiently(options: OneShotOptions, token: BotToken): Promise<Identity> {
  const { ports, parameters, signal, onRetry } = options
  const { hub, clock, random } = ports
  const keys = drawKeys()
  const end = clock.monotonic() + PATIENCE_MS
  for (let attempt = 0; ; attempt++) {
    try {
      return await askToJoin({ hub, parameters, signal }, token, keys)
    } catch (error) {
      const delay = retryDelay(attempt, 0, random, patienceAskedBy(error))
      if (!isAnswerLost(error) || signal.aborted || clock.monotonic() + delay > end) throw error
      onRetry(error, delay)
      await clock.sleep(delay, signal)
    }
  }
}
