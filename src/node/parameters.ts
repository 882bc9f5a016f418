import { isAbsolute, join } from 'node:path'
import { MINUTE } from '../base/clock.ts'
import type { HubAddress, HubTrust } from '../client/identity-hub.ts'
import { hashJoinTokenSecret, parseJoinToken } from '../trust/join-token.ts'
import { isIdentityName } from '../x509/identity-uri.ts'
import { NodeError } from './errors.ts'

export const DEFAULT_STRICT_MS = 10 * MINUTE
/** sshd knows whole minutes only. */
const SHORTEST_STRICT_MS = 2 * MINUTE

/** What an operator decides for a node. Paths are absolute, durations in milliseconds. */
export interface NodeParameters {
  readonly authServer: HubAddress
  readonly joinToken: string | undefined
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Names and addresses under which it is reached; one or more. */
  readonly hosts: readonly string[]
  /** The port of its sshd, where clients find it. */
  readonly port: number
  /** `/var/lib/mezite/node`. */
  readonly stateDirectory: string
  /** `/run/mezite`: gone after a reboot, as what it tells of. */
  readonly runDirectory: string
  /** `/usr/sbin/sshd`. */
  readonly sshd: string
  /** `/etc/ssh`. */
  readonly sshdDirectory: string
  /** `/etc/pam.d`. */
  readonly pamDirectory: string
  /** Undefined: the machine's own sshd. */
  readonly ownSshd: { readonly port: number; readonly listen: string | undefined } | undefined
  /** How long logins go on without the hub; undefined: for ever. */
  readonly strictMs: number | undefined
  /** Undefined: by the token's pin at the join, by the cluster's TLS CAs afterwards. */
  readonly trust: HubTrust | undefined
}

export interface NodeToken {
  readonly text: string
  /** Its public name; lower-case hexadecimal. */
  readonly id: string
  readonly trust: HubTrust
}

/** @throws NodeError `invalid-parameters`, `wrong-token`; JoinTokenError */
export function checkNodeParameters(parameters: NodeParameters): void {
  const { name, hosts, strictMs, stateDirectory, runDirectory, sshdDirectory } = parameters
  if (!isIdentityName(name)) {
    throw invalid(
      `${JSON.stringify(name)} can't be the name of a node`,
      'use 1 to 63 of a-z 0-9 . _ -, with a letter or digit at both ends: --name',
    )
  }
  if (hosts.length === 0) throw invalid('the node has no address', 'give it one: --hosts')
  if (strictMs !== undefined && strictMs < SHORTEST_STRICT_MS) {
    throw invalid('strict mode is too short', 'sshd knows whole minutes: --strict=2m or more')
  }
  for (const path of [stateDirectory, runDirectory, sshdDirectory]) {
    // They stand in sshd_config and in shell scripts.
    if (isAbsolute(path) && /^[A-Za-z0-9._/+@-]+$/.test(path)) continue
    throw invalid(
      `${JSON.stringify(path)} can't be a directory of a node`,
      'give an absolute path of letters, digits and ._/+@-',
    )
  }
  readNodeToken(parameters)
}

/** The token, if there is one. @throws JoinTokenError; NodeError `wrong-token` for a bot's */
export function readNodeToken({
  joinToken,
  trust,
}: Pick<NodeParameters, 'joinToken' | 'trust'>): NodeToken | undefined {
  if (joinToken === undefined) return undefined
  const { kind, secret, pin } = parseJoinToken(joinToken)
  if (kind !== 'node') {
    throw new NodeError('wrong-token', 'this join token is for a bot, not for a node', {
      hint: 'use it with mezd identity; a node gets its token from mezctl tokens create --roles=node',
    })
  }
  const id = hashJoinTokenSecret(secret).toString('hex')
  return { text: joinToken, id, trust: trust ?? { kind: 'pin', pin } }
}

export function tokenNeeded(why: string): NodeError {
  return new NodeError('token-needed', `a join token is needed: ${why}`, {
    hint: 'give --join-token; mezctl tokens create --roles=node prints one',
  })
}

type Places = Pick<NodeParameters, 'stateDirectory' | 'runDirectory'>

/** Of root alone: what the node renews itself with, and what it has yet to tell. */
export function secretDirectory({ stateDirectory }: Places): string {
  return join(stateDirectory, 'private')
}

/** Of an sshd of its own; everyone may pass through. */
export function ownSshdDirectory({ stateDirectory }: Places): string {
  return join(stateDirectory, 'sshd')
}

export function spoolDirectory({ runDirectory }: Places): string {
  return join(runDirectory, 'sessions', 'spool')
}

function invalid(message: string, hint: string): NodeError {
  return new NodeError('invalid-parameters', message, { hint })
}
