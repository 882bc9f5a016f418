import { allowedLogins, granting } from './grants.ts'
import { matchesEveryNode } from './labels.ts'
import { checkName } from './names.ts'
import { forcedCommands, mergeOptions, type RoleOptions, shortestTtlMs } from './options.ts'
import { PolicyError } from './policy-error.ts'
import type { Role } from './role.ts'

/** What a bot's SSH certificate carries of its roles. */
export interface CertificateAccess {
  /** `bot:NAME` and the bare logins, sorted. */
  readonly principals: readonly string[]
  /** The longest life of the certificate; undefined when no role limits it. */
  readonly maxTtlMs: number | undefined
  /** Name to value, sorted by name (PROTOCOL.certkeys, "Critical options"). */
  readonly criticalOptions: ReadonlyMap<string, string>
  /** Names, sorted; their values are empty (PROTOCOL.certkeys, "Extensions"). */
  readonly extensions: readonly string[]
  /** The allowed logins that are no principal, sorted. They work on managed nodes. */
  readonly withheldLogins: readonly WithheldLogin[]
}

export interface WithheldLogin {
  readonly login: string
  readonly reason: string
}

/** sshd refuses a certificate with more (SSHKEY_CERT_MAX_PRINCIPALS). */
const MOST_PRINCIPALS = 256

/** Characters of a `source-address` that a certificate is given. */
const LONGEST_ADDRESS_LIST = 4_096

/**
 * What goes into the certificate of a bot with these roles.
 *
 * The certificate meets two kinds of server. A managed node knows the bot by the principal
 * `bot:NAME` and applies the options of the grant for that node and login itself: there the
 * certificate must never be stricter than any grant. A server that only trusts the User CA lets in
 * whoever carries the login as a principal, with the options of the certificate, which has one set
 * for all its principals: there the certificate must never be weaker than the login's options. That
 * server has no labels, so a login's options are merged over all roles that allow it.
 *
 * Hence a permit stands in the certificate when any allowed login has it, a restriction when all
 * allowed logins have the same, and a login that would lose a restriction by this is withheld as a
 * principal. Nothing in a certificate forbids copying files, so `file_copy: false` withholds too.
 * A role that denies every node (`"*": "*"`) leaves no login to carry.
 *
 * @throws PolicyError `malformed-name`; `too-many-principals` above 256
 */
export function certificateAccess(botName: string, roles: readonly Role[]): CertificateAccess {
  const logins = loginsAnywhere(roles).map((login) => loginAccess(roles, login))
  const certificate = certificateOptions(logins.map(({ options }) => options))
  const withheldLogins = logins.flatMap((access) => {
    const reasons = [...gaps(access, certificate)]
    return reasons.length > 0 ? [{ login: access.login, reason: reasons.join('; ') }] : []
  })
  const withheld = new Set(withheldLogins.map(({ login }) => login))
  const carried = logins.map(({ login }) => login).filter((login) => !withheld.has(login))
  return {
    principals: checkCount([`bot:${checkName('bot', botName)}`, ...carried].sort()),
    maxTtlMs: shortestTtlMs(roles.map(({ options }) => options)),
    criticalOptions: criticalOptions(certificate),
    extensions: extensions(certificate),
    withheldLogins,
  }
}

/** A login as a server without labels must see it. */
interface LoginAccess {
  readonly login: string
  readonly options: RoleOptions
  /** More than one: on some nodes it may have one of them, here it can have none. */
  readonly commands: readonly string[]
}

function loginsAnywhere(roles: readonly Role[]): readonly string[] {
  const nowhere = roles.some(({ deny }) => deny.nodeLabels && matchesEveryNode(deny.nodeLabels))
  return nowhere ? [] : allowedLogins(roles, roles)
}

function loginAccess(roles: readonly Role[], login: string): LoginAccess {
  const options = granting(roles, login).map((role) => role.options)
  return { login, options: mergeOptions(options), commands: forcedCommands(options) }
}

type CertificateOptions = Pick<
  RoleOptions,
  'pty' | 'portForwarding' | 'forceCommand' | 'sourceCidrs'
>

function certificateOptions(logins: readonly RoleOptions[]): CertificateOptions {
  const [first, ...others] = logins
  const same = (value: (options: RoleOptions) => string | undefined) =>
    first !== undefined && others.every((other) => value(other) === value(first))
  const sameCidrs = same(({ sourceCidrs }) => sourceCidrs.join())
  return {
    pty: logins.some(({ pty }) => pty),
    portForwarding: logins.some(({ portForwarding }) => portForwarding),
    forceCommand: same(({ forceCommand }) => forceCommand) ? first?.forceCommand : undefined,
    sourceCidrs: first !== undefined && sameCidrs && fits(first) ? first.sourceCidrs : [],
  }
}

/** The restrictions of a login that the certificate doesn't enforce. */
function* gaps(
  { options, commands }: LoginAccess,
  certificate: CertificateOptions,
): Iterable<string> {
  if (!options.fileCopy) yield 'a certificate cannot enforce file_copy: false'
  if (!options.pty && certificate.pty) yield 'another login has pty: true'
  if (!options.portForwarding && certificate.portForwarding) {
    yield 'another login has port_forwarding: true'
  }
  if (commands.length > 1) yield 'its roles have different force_command'
  if (options.forceCommand !== undefined && certificate.forceCommand === undefined) {
    yield 'another login has not the same force_command'
  }
  if (options.sourceCidrs.length > 0 && certificate.sourceCidrs.length === 0) {
    yield fits(options)
      ? 'another login has not the same source_cidrs'
      : 'a certificate cannot hold so many source_cidrs'
  }
}

function fits({ sourceCidrs }: RoleOptions): boolean {
  return sourceCidrs.join().length <= LONGEST_ADDRESS_LIST
}

function criticalOptions({
  forceCommand,
  sourceCidrs,
}: CertificateOptions): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  if (forceCommand !== undefined) options.set('force-command', forceCommand)
  if (sourceCidrs.length > 0) options.set('source-address', sourceCidrs.join())
  return options
}

function extensions({ portForwarding, pty }: CertificateOptions): readonly string[] {
  return [...(portForwarding ? ['permit-port-forwarding'] : []), ...(pty ? ['permit-pty'] : [])]
}

function checkCount(principals: readonly string[]): readonly string[] {
  if (principals.length <= MOST_PRINCIPALS) return principals
  throw new PolicyError(
    'too-many-principals',
    `the roles allow ${principals.length - 1} logins, a certificate carries ${MOST_PRINCIPALS - 1}`,
    { hint: 'split the bot into several with fewer logins each' },
  )
}
