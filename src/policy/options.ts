import { DAY, MINUTE } from '../base/clock.ts'
import { formatDuration, parseDuration } from '../base/duration.ts'
import { PolicyError } from './policy-error.ts'

/**
 * `spec.options` of a role, and what is merged from several. Agent forwarding, X11 forwarding and
 * `~/.ssh/rc` have no option here: a bot never gets them.
 */
export interface RoleOptions {
  /** The longest life of a certificate; undefined is no limit from this role. */
  readonly maxSessionTtlMs: number | undefined
  readonly portForwarding: boolean
  readonly fileCopy: boolean
  readonly pty: boolean
  /** Canonical networks that logins may come from; empty is from anywhere. */
  readonly sourceCidrs: readonly string[]
  /** Runs in place of whatever the client asks for; undefined is no such command. */
  readonly forceCommand: string | undefined
}

/** What an absent key means. */
export const DEFAULT_OPTIONS: RoleOptions = {
  maxSessionTtlMs: undefined,
  portForwarding: false,
  fileCopy: true,
  pty: true,
  sourceCidrs: [],
  forceCommand: undefined,
}

const SHORTEST_TTL = MINUTE
const LONGEST_TTL = 7 * DAY
const LONGEST_COMMAND = 1_024

/** Milliseconds. @throws DurationError, or PolicyError `malformed-option` outside 1m to 7d */
export function parseMaxSessionTtl(text: string): number {
  const ttlMs = parseDuration(text)
  if (ttlMs >= SHORTEST_TTL && ttlMs <= LONGEST_TTL) return ttlMs
  const [least, most] = [SHORTEST_TTL, LONGEST_TTL].map(formatDuration)
  throw new PolicyError('malformed-option', `"${text}" is not between ${least} and ${most}`)
}

/**
 * Returns the command as it is. Refused is what sshd can't read back from a line of an
 * AuthorizedPrincipalsFile, where it would deny every login: it cuts lines at the first `#` even
 * inside quotes, and takes `\"` at the end for a quote within the command.
 *
 * @throws PolicyError `malformed-option`
 */
export function checkForceCommand(text: string): string {
  if (text.trim() === '' || text.length > LONGEST_COMMAND) {
    throw command(`a command has 1 to ${LONGEST_COMMAND} characters`)
  }
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text))
    throw command('a command is one line without control characters')
  if (text.includes('#') || text.endsWith('\\')) {
    throw command("a command can't hold # or end with \\, since sshd would misread its line")
  }
  return text
}

function command(message: string): PolicyError {
  return new PolicyError('malformed-option', message, {
    hint: 'put it into a script on the node, and name the script here',
  })
}

/**
 * The options of one login that several roles grant: what any of them permits is permitted, and a
 * restriction stays only when all of them have one. Its TTL is the shortest among them. Without
 * any role these are the defaults, so callers ask for granted logins only.
 */
export function mergeOptions(granting: readonly RoleOptions[]): RoleOptions {
  const commands = forcedCommands(granting)
  return {
    maxSessionTtlMs: shortestTtlMs(granting),
    portForwarding: granting.some(({ portForwarding }) => portForwarding),
    fileCopy: granting.some(({ fileCopy }) => fileCopy),
    pty: granting.some(({ pty }) => pty),
    sourceCidrs: granting.every(({ sourceCidrs }) => sourceCidrs.length > 0)
      ? [...new Set(granting.flatMap(({ sourceCidrs }) => sourceCidrs))].sort()
      : [],
    forceCommand: commands.length === 1 ? commands[0] : undefined,
  }
}

/**
 * The commands that these roles force: none if one of them forces none. Two or more contradict each
 * other (sshd refuses a login whose certificate and line force different ones).
 */
export function forcedCommands(granting: readonly RoleOptions[]): readonly string[] {
  const commands = [...new Set(granting.map(({ forceCommand }) => forceCommand))]
  const forced = commands.filter((text) => text !== undefined)
  return forced.length === commands.length ? forced : []
}

/** Milliseconds, or undefined when none of the options has a limit. */
export function shortestTtlMs(options: readonly RoleOptions[]): number | undefined {
  const limits = options.flatMap(({ maxSessionTtlMs }) => maxSessionTtlMs ?? [])
  return limits.length > 0 ? Math.min(...limits) : undefined
}
