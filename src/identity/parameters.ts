import { isAbsolute, join, resolve } from 'node:path'
import { HOUR } from '../base/clock.ts'
import { formatDuration } from '../base/duration.ts'
import type { HubAddress, HubTrust } from '../client/identity-hub.ts'
import { hashJoinTokenSecret, parseJoinToken } from '../trust/join-token.ts'
import { IdentityError } from './errors.ts'
import type { Reader } from './output-access.ts'

export const DEFAULT_KEY_LIFETIME_MS = 24 * HOUR

/** What an operator decides for one identity. Durations in milliseconds. */
export interface IdentityParameters {
  readonly authServer: HubAddress
  readonly joinToken: string | undefined
  /** Absolute. */
  readonly destination: string
  /** Absolute; undefined: `.state` in the destination. */
  readonly stateDirectory: string | undefined
  /** Undefined: a third of the certificate's life. */
  readonly renewalIntervalMs: number | undefined
  /** Undefined: the hub's default. */
  readonly certificateTtlMs: number | undefined
  /** How long the SSH key is kept over renewals; 0: no longer than its certificate. */
  readonly keyLifetimeMs: number
  readonly oneShot: boolean
  readonly readerUser: { readonly uid: number; readonly gid: number } | undefined
  readonly readerGroup: { readonly gid: number } | undefined
  /** Undefined: by the token's pin at the join, by the cluster's TLS CAs afterwards. */
  readonly trust: HubTrust | undefined
}

/** A join token that has the form of one. */
export interface BotToken {
  readonly text: string
  /** Its public name; lower-case hexadecimal. */
  readonly id: string
  readonly trust: HubTrust
}

/**
 * Refuses what can be refused before anything is touched.
 *
 * @throws IdentityError `invalid-parameters`; what `readToken` throws
 */
export function checkParameters(parameters: IdentityParameters): void {
  const { renewalIntervalMs: interval, certificateTtlMs: ttl } = parameters
  if (interval !== undefined && ttl !== undefined && interval >= ttl) {
    throw invalid(
      `the renewal interval (${formatDuration(interval)}) is not shorter than the certificate TTL (${formatDuration(ttl)})`,
      'set a shorter --renewal-interval, or leave it out for a third of the TTL',
    )
  }
  if (interval !== undefined && interval <= 0) {
    throw invalid(
      'a renewal interval of 0 would never pause',
      'leave it out for a third of the TTL',
    )
  }
  if (parameters.readerUser !== undefined && parameters.readerGroup !== undefined) {
    throw invalid('there are a reader user and a reader group', 'choose one of them')
  }
  checkPath('destination', parameters.destination)
  checkPath('state directory', stateDirectoryOf(parameters))
  if (resolve(parameters.destination) === resolve(stateDirectoryOf(parameters))) {
    throw invalid(
      'the destination is the state directory',
      'choose another --state-dir: readers of the destination must not see the state',
    )
  }
  readToken(parameters)
}

/** ssh_config has no way to write some paths, and the outputs name theirs in it. */
function checkPath(what: string, path: string): void {
  if (isAbsolute(path) && resolve(path) !== '/' && !/\p{Cc}|\$\{/u.test(path)) return
  throw invalid(
    `${JSON.stringify(path)} can't be the ${what}`,
    'give an absolute path other than /, without control characters and "${"',
  )
}

/**
 * The token, if there is one.
 *
 * @throws JoinTokenError; IdentityError `wrong-token` for a node's
 */
export function readToken({ joinToken, trust }: IdentityParameters): BotToken | undefined {
  if (joinToken === undefined) return undefined
  const { kind, secret, pin } = parseJoinToken(joinToken)
  if (kind !== 'bot') {
    throw new IdentityError('wrong-token', 'this join token is for a node, not for a bot', {
      hint: 'use it with mezd node start; a bot gets its token from mezctl bots add',
    })
  }
  const id = hashJoinTokenSecret(secret).toString('hex')
  return { text: joinToken, id, trust: trust ?? { kind: 'pin', pin } }
}

export function stateDirectoryOf(
  parameters: Pick<IdentityParameters, 'destination' | 'stateDirectory'>,
): string {
  return parameters.stateDirectory ?? join(parameters.destination, '.state')
}

export function readerOf({ readerUser, readerGroup }: IdentityParameters): Reader {
  if (readerUser !== undefined) return { kind: 'user', ...readerUser }
  return readerGroup === undefined ? { kind: 'nobody' } : { kind: 'group', ...readerGroup }
}

export function tokenNeeded(why: string): IdentityError {
  return new IdentityError('token-needed', `a join token is needed: ${why}`, {
    hint: 'give --join-token, or a --join-token-file that is there; mezctl bots add and mezctl bots rotate-token print one',
  })
}

function invalid(message: string, hint: string): IdentityError {
  return new IdentityError('invalid-parameters', message, { hint })
}
