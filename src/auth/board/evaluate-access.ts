/** The one answer to who may enter where: for one login with its reason, and for whole bots and nodes. */
import type { Grant, Rule } from '../../policy/grants.ts'
import { evaluate } from '../../policy/grants.ts'
import type { LockRecord } from '../records.ts'
import { describeLock } from '../refusals.ts'
import type { AccessState } from './access-state.ts'
import type { BotEntry, GroupGrants } from './bot-groups.ts'
import type { NodeEntry } from './node-index.ts'

/** Whether a bot may log in as `login` on a node, and what decided it; `reason` in words. */
export type AccessDecision = { readonly login: string; readonly reason: string } & (
  | {
      readonly allowed: true
      readonly effect: 'allow'
      readonly rule: Rule
      readonly grant: Grant
    }
  /** `none`: no role allows it. `deny`: one denies it, or several force different commands. */
  | { readonly allowed: false; readonly effect: 'deny' | 'none'; readonly rule: Rule }
  /** It would be allowed if this lock weren't there. */
  | { readonly allowed: false; readonly effect: 'lock'; readonly lock: LockRecord }
)

/** A node that a bot may enter. */
export interface ReachableNode {
  readonly name: string
  /** Names and addresses; the agent's first one first. */
  readonly hosts: readonly string[]
  readonly port: number
  /** Sorted; at least one. */
  readonly logins: readonly string[]
}

/**
 * What the bot may do on the node now, by login. Every answer that the board gives, and everything
 * that a node is told, comes to the same.
 */
export function evaluateAccess(
  state: AccessState,
  bot: BotEntry,
  node: NodeEntry,
): readonly Grant[] {
  return grantedOn(state, bot, node)?.grants ?? []
}

function grantedOn(state: AccessState, bot: BotEntry, node: NodeEntry): GroupGrants | undefined {
  if (state.locks.has('bot', bot.name) || state.isNodeLocked(node.name)) return undefined
  return state.grants(bot.group, node.view)
}

export function explainAccess(
  state: AccessState,
  bot: BotEntry,
  node: NodeEntry,
  login: string,
): AccessDecision {
  const { labels } = node
  const inForce = evaluate(state.roles.inForce(bot.roles), labels, login)
  const grant = evaluateAccess(state, bot, node).find((each) => each.login === login)
  if (grant) {
    const { rule } = inForce
    return { login, allowed: true, effect: 'allow', rule, grant, reason: describeRule(rule, login) }
  }
  const written = evaluate(state.roles.written(bot.roles), labels, login)
  const lock = inForce.allowed
    ? firstOf(state, ['bot', bot.name], ['node', node.name])
    : written.allowed
      ? firstOf(
          state,
          ['login', login],
          ...written.rule.roles.map((role) => ['role', role] as const),
        )
      : undefined
  if (lock) return { login, allowed: false, effect: 'lock', lock, reason: describeLock(lock) }
  const { rule } = inForce
  const effect = rule.by === 'no matching allow' ? 'none' : 'deny'
  return { login, allowed: false, effect, rule, reason: describeRule(rule, login) }
}

/** Undefined where the bot may not enter the node at all. */
export function reach(
  state: AccessState,
  bot: BotEntry,
  node: NodeEntry,
): ReachableNode | undefined {
  const { name, hosts, port, reached } = node
  const { logins = [] } = grantedOn(state, bot, node) ?? {}
  if (logins.length === 0) return undefined
  const key = logins.join()
  const known = reached.get(key)
  if (known) return known
  const reachable = { name, hosts, port, logins }
  reached.set(key, reachable)
  return reachable
}

type Target = readonly [kind: LockRecord['target']['kind'], name: string]

function firstOf(state: AccessState, ...targets: readonly Target[]): LockRecord | undefined {
  for (const [kind, name] of targets) {
    const [lock] = state.locks.on(kind, name)
    if (lock) return lock
  }
  return undefined
}

function describeRule({ effect, by, roles }: Rule, login: string): string {
  const named = `role${roles.length > 1 ? 's' : ''} ${roles.map((role) => `"${role}"`).join(', ')}`
  if (effect === 'allow') return `allowed by ${named}`
  switch (by) {
    case 'node_labels':
      return `${named} denies every login on nodes with these labels`
    case 'login':
      return `${named} denies the login "${login}" everywhere`
    case 'different force_command':
      return `${named} force different commands, so none of them can run`
    case 'no matching allow':
      return `no role of the bot allows the login "${login}" on a node with these labels`
  }
}
