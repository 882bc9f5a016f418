/** Who may enter where, evaluated from a store's contents one by one, with nothing kept or shared. */
import type { BotRecord, LockRecord, LockTarget, NodeRecord } from '../../src/auth/records.ts'
import type { Store } from '../../src/auth/storage.ts'
import { evaluate } from '../../src/policy/grants.ts'
import type { Role } from '../../src/policy/role.ts'
import { parseRoleDocuments } from '../../src/policy/role-document.ts'

export interface NaiveAccess {
  readonly bots: readonly BotRecord[]
  readonly nodes: readonly NodeRecord[]
  /** `login principal options` of a node, sorted. */
  lines(node: string): readonly string[]
  logins(bot: string, node: string): readonly string[]
  /** The locks that concern the node, oldest first. */
  locks(node: string): readonly string[]
  readonly revoked: readonly bigint[]
  /** Sessions of the node that some lock, or the end of their bot, ends. */
  ending(node: string): readonly string[]
}

const PAGE = { limit: 10_000 }

export async function evaluateNaively(
  store: Store,
  now: number,
  logins: readonly string[],
): Promise<NaiveAccess> {
  const locks = (await store.locks.list()).filter(
    ({ expiresAt }) => expiresAt === undefined || expiresAt > now,
  )
  const isLocked = (kind: LockTarget['kind'], name: string) =>
    locks.some(({ target }) => target.kind === kind && nameOf(target) === name)
  const roles = new Map<string, Role>()
  for (const { name, document } of await store.roles.list(PAGE)) {
    const [role] = parseRoleDocuments(document, 'role')
    if (role) roles.set(name, isLocked('role', name) ? { ...role, allow: undefined } : role)
  }
  const bots = await store.bots.list(PAGE)
  const nodes = await store.nodes.list(PAGE)
  const sessions = await store.sessions.list({})
  const revoked: bigint[] = []
  for (const { serial, bot, instanceId } of await store.certificates.list(-1)) {
    const exists = (await store.instances.get(instanceId))?.bot === bot
    if (!exists || isLocked('bot', bot) || isLocked('instance', instanceId)) revoked.push(serial)
  }

  function grants(bot: BotRecord, node: NodeRecord) {
    if (isLocked('bot', bot.name) || isLocked('node', node.name)) return []
    const held = bot.roles.flatMap((name) => roles.get(name) ?? [])
    return logins.flatMap((login) => {
      const decision = evaluate(held, node.labels, login)
      return decision.allowed && !isLocked('login', login) ? [decision.grant] : []
    })
  }
  const botNamed = (name: string) => bots.find((bot) => bot.name === name)
  const nodeNamed = (name: string) => nodes.find((node) => node.name === name)
  const loginsOf = (bot: string, node: string) => {
    const [b, n] = [botNamed(bot), nodeNamed(node)]
    return b && n ? grants(b, n).map(({ login }) => login) : []
  }
  return {
    bots,
    nodes,
    lines(name) {
      const node = nodeNamed(name)
      if (!node) return []
      return bots
        .flatMap((bot) =>
          grants(bot, node).map(
            ({ login, options }) => `${login} bot:${bot.name} ${JSON.stringify(options)}`,
          ),
        )
        .sort()
    },
    logins: loginsOf,
    locks: (node) =>
      locks
        .filter(({ target }) => target.kind !== 'node' || target.node === node)
        .sort(byAge)
        .map(({ id }) => id),
    revoked: revoked.sort((a, b) => (a < b ? -1 : 1)),
    ending: (node) =>
      sessions
        .filter((session) => session.node === node)
        .filter(({ bot, instanceId, login }) => {
          const { roles: held } = botNamed(bot) ?? {}
          return (
            held === undefined ||
            isLocked('bot', bot) ||
            isLocked('instance', instanceId) ||
            isLocked('node', node) ||
            isLocked('login', login) ||
            (held.some((role) => isLocked('role', role)) && !loginsOf(bot, node).includes(login))
          )
        })
        .map(({ id }) => id),
  }
}

function nameOf(target: LockTarget): string {
  switch (target.kind) {
    case 'bot':
      return target.bot
    case 'instance':
      return target.instanceId
    case 'node':
      return target.node
    case 'role':
      return target.role
    case 'login':
      return target.login
  }
}

function byAge(a: LockRecord, b: LockRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
}
