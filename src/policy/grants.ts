import { type Labels, matchesLabels } from './labels.ts'
import { forcedCommands, mergeOptions, type RoleOptions, shortestTtlMs } from './options.ts'
import type { Role } from './role.ts'

/** One login of a bot on one node. */
export interface Grant {
  readonly login: string
  /** Merged from the granting roles; the TTL is the shortest of all the bot's roles. */
  readonly options: RoleOptions
}

/** What decided, and the roles in which it stands, in the order of the bot's roles. */
export interface Rule {
  readonly effect: 'allow' | 'deny'
  readonly by: 'node_labels' | 'login' | 'different force_command' | 'no matching allow'
  /** Empty for `no matching allow`. */
  readonly roles: readonly string[]
}

export type Decision =
  | { readonly allowed: true; readonly rule: Rule; readonly grant: Grant }
  | { readonly allowed: false; readonly rule: Rule }

/**
 * Decides whether a bot with these roles may log in as `login` on a node with these labels.
 *
 * 1. A role whose deny matches the labels, or the login, denies: over all roles.
 * 2. The roles whose allow matches both the labels and the login grant it together.
 * 3. If they all force a command, and not the same, there is none that could run: denied.
 */
export function evaluate(roles: readonly Role[], labels: Labels, login: string): Decision {
  const denial = denyNode(roles, labels) ?? denyLogin(roles, login)
  if (denial !== undefined) return { allowed: false, rule: denial }
  return decide(roles, allowing(roles, labels), login)
}

/** Every login that `evaluate` allows on a node with these labels, sorted. */
export function grantsFor(roles: readonly Role[], labels: Labels): readonly Grant[] {
  if (denyNode(roles, labels) !== undefined) return []
  const candidates = allowing(roles, labels)
  return allowedLogins(roles, candidates).flatMap((login) => {
    const decision = decide(roles, candidates, login)
    return decision.allowed ? [decision.grant] : []
  })
}

/** The logins that one of `candidates` allows and none of `roles` denies, sorted. */
export function allowedLogins(
  roles: readonly Role[],
  candidates: readonly Role[],
): readonly string[] {
  const logins = new Set(candidates.flatMap(({ allow }) => allow?.logins ?? []))
  return [...logins].filter((login) => denyLogin(roles, login) === undefined).sort()
}

/** The roles among these that allow the login, wherever. */
export function granting(roles: readonly Role[], login: string): readonly Role[] {
  return roles.filter(({ allow }) => allow?.logins.includes(login))
}

function allowing(roles: readonly Role[], labels: Labels): readonly Role[] {
  return roles.filter(({ allow }) => allow !== undefined && matchesLabels(allow.nodeLabels, labels))
}

function denyNode(roles: readonly Role[], labels: Labels): Rule | undefined {
  const role = roles.find(
    ({ deny }) => deny.nodeLabels !== undefined && matchesLabels(deny.nodeLabels, labels),
  )
  return role && { effect: 'deny', by: 'node_labels', roles: [role.name] }
}

function denyLogin(roles: readonly Role[], login: string): Rule | undefined {
  const role = roles.find(({ deny }) => deny.logins.some((pattern) => pattern.matches(login)))
  return role && { effect: 'deny', by: 'login', roles: [role.name] }
}

/** Decides on a login that nothing denies, by the roles whose allow reaches the node. */
function decide(roles: readonly Role[], candidates: readonly Role[], login: string): Decision {
  const sources = granting(candidates, login)
  const names = sources.map(({ name }) => name)
  const options = sources.map((role) => role.options)
  if (sources.length === 0) {
    return { allowed: false, rule: { effect: 'deny', by: 'no matching allow', roles: names } }
  }
  if (forcedCommands(options).length > 1) {
    return { allowed: false, rule: { effect: 'deny', by: 'different force_command', roles: names } }
  }
  const maxSessionTtlMs = shortestTtlMs(roles.map((role) => role.options))
  return {
    allowed: true,
    rule: { effect: 'allow', by: 'login', roles: names },
    grant: { login, options: { ...mergeOptions(options), maxSessionTtlMs } },
  }
}
