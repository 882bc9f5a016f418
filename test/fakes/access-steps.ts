/** Random changes to who may enter where, as a store takes them. */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { LockTarget } from '../../src/auth/records.ts'
import type { Change, Store } from '../../src/auth/storage.ts'
import { MINUTE } from '../../src/base/clock.ts'
import * as samples from '../contract/store-samples.ts'

export const LOGINS = ['deploy', 'postgres', 'root']

/** One change in the abstract: `pick` chooses among what there is, `detail` how it becomes. */
export interface Step {
  readonly kind:
    | 'role'
    | 'drop-role'
    | 'bot'
    | 'drop-bot'
    | 'node'
    | 'drop-node'
    | 'instance'
    | 'certificate'
    | 'lock'
    | 'unlock'
    | 'session'
    | 'end-session'
    | 'forget'
  readonly pick: number
  readonly detail: number
}

const KINDS: readonly (readonly [number, Step['kind']])[] = [
  [4, 'role'],
  [1, 'drop-role'],
  [5, 'bot'],
  [1, 'drop-bot'],
  [5, 'node'],
  [1, 'drop-node'],
  [3, 'instance'],
  [2, 'certificate'],
  [4, 'lock'],
  [3, 'unlock'],
  [3, 'session'],
  [1, 'end-session'],
  [1, 'forget'],
]

export const steps: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...KINDS.map(([weight, kind]) => ({ weight, arbitrary: fc.constant(kind) }))),
  pick: fc.nat(1_000),
  detail: fc.nat(10_000),
})

const SELECTORS = ['"*": "*"', 'env: staging', 'env: [staging, production]', 'tier: "^(db|web)$"']
const DENIALS = [
  '',
  '',
  '',
  'node_labels: {env: production}',
  'logins: [root]',
  'logins: ["^p.*$"]',
]
const LABELS = [
  { env: 'staging' },
  { env: 'production', tier: 'db' },
  { tier: 'web' },
  { env: 'staging', tier: 'db' },
]
const OPTIONS = ['', 'pty: false', 'force_command: /bin/true', 'source_cidrs: [10.0.0.0/8]']

/** The change that a step is in this store now; none where there is nothing that it could be. */
export async function toChange(
  store: Store,
  now: number,
  { kind, pick, detail }: Step,
): Promise<Change | undefined> {
  const bots = await store.bots.list({ limit: 100 })
  const nodes = await store.nodes.list({ limit: 100 })
  const bot = at(bots, pick)
  const node = at(nodes, pick)
  switch (kind) {
    case 'role': {
      const name = `role-${pick % 4}`
      const before = await store.roles.get(name)
      const document = roleDocument(name, detail)
      const revision = (before?.revision ?? 0) + 1
      const role = samples.role({ name, document, revision })
      return { kind: before ? 'replace-role' : 'insert-role', role }
    }
    case 'drop-role': {
      const name = `role-${pick % 4}`
      const isFree = bots.every(({ roles }) => !roles.includes(name))
      return isFree && (await store.roles.get(name)) ? { kind: 'delete-role', name } : undefined
    }
    case 'bot': {
      const all = await store.roles.list({ limit: 10 })
      const roles = all.map(({ name }) => name).filter((_, index) => (detail >> index) % 2 === 1)
      if (roles.length === 0) return undefined
      if (detail % 3 === 0) roles.reverse()
      const name = `bot-${pick % 5}`
      const before = await store.bots.get(name)
      const revision = (before?.revision ?? 0) + 1
      return {
        kind: before ? 'replace-bot' : 'insert-bot',
        bot: samples.bot({ name, roles, revision }),
      }
    }
    case 'drop-bot':
      return bot && { kind: 'delete-bot', name: bot.name }
    case 'node': {
      const name = `node-${pick % 4}`
      const before = await store.nodes.get(name)
      const labels = at(LABELS, detail) ?? {}
      const port = detail % 5 === 0 ? 2222 : 22
      const revision = (before?.revision ?? 0) + 1
      const whole = samples.node({ ...before, name, labels, port, hosts: [name], revision })
      return { kind: before ? 'replace-node' : 'insert-node', node: whole }
    }
    case 'drop-node':
      return node && { kind: 'delete-node', name: node.name }
    case 'instance':
      return bot && { kind: 'insert-instance', instance: samples.instance({ bot: bot.name }) }
    case 'certificate': {
      const instance = bot && at(await store.instances.listForBot(bot.name), detail)
      if (!instance) return undefined
      const expiresAt = now + (detail % 60) * MINUTE
      const { bot: name, id: instanceId } = instance
      const certificate = samples.certificate({ bot: name, instanceId, expiresAt })
      return { kind: 'insert-certificate', certificate }
    }
    case 'lock': {
      const target = await lockTarget(store, pick, detail)
      if (!target) return undefined
      const expiresAt = detail % 2 === 0 ? undefined : now + (detail % 30) * MINUTE
      return { kind: 'insert-lock', lock: samples.lock({ target, createdAt: now, expiresAt }) }
    }
    case 'unlock': {
      const lock = at(await store.locks.list(), pick)
      return lock && { kind: 'delete-lock', id: lock.id }
    }
    case 'session': {
      const instance = bot && at(await store.instances.listForBot(bot.name), detail)
      const on = at(nodes, detail)
      const login = at(LOGINS, detail) ?? ''
      if (!instance || !on) return undefined
      const session = { node: on.name, bot: bot.name, instanceId: instance.id, login }
      return { kind: 'insert-session', session: samples.session({ ...session, id: randomUUID() }) }
    }
    case 'end-session': {
      const session = at(await store.sessions.list({}), pick)
      return session && { kind: 'delete-session', node: session.node, id: session.id }
    }
    case 'forget':
      return { kind: 'forget-certificates', expiredBy: now }
  }
}

async function lockTarget(
  store: Store,
  pick: number,
  detail: number,
): Promise<LockTarget | undefined> {
  const bot = at(await store.bots.list({ limit: 10 }), pick)
  const node = at(await store.nodes.list({ limit: 10 }), pick)
  const role = at(await store.roles.list({ limit: 10 }), pick)
  const instance = bot && at(await store.instances.listForBot(bot.name), detail)
  const targets: readonly (LockTarget | undefined)[] = [
    bot && { kind: 'bot', bot: bot.name },
    instance && { kind: 'instance', bot: instance.bot, instanceId: instance.id },
    node && { kind: 'node', node: node.name },
    role && { kind: 'role', role: role.name },
    { kind: 'login', login: at(LOGINS, pick) ?? '' },
  ]
  return at(targets, detail)
}

export function roleDocument(name: string, detail: number): string {
  const allowed = LOGINS.filter((_, index) => (detail >> index) % 2 === 1)
  const denial = at(DENIALS, detail)
  const option = at(OPTIONS, Math.floor(detail / 7))
  return [
    `kind: role`,
    `metadata: {name: ${name}}`,
    'spec:',
    ...(option ? [`  options: {${option}}`] : []),
    ...(allowed.length > 0
      ? [
          '  allow:',
          `    node_labels: {${at(SELECTORS, Math.floor(detail / 11))}}`,
          `    logins: [${allowed.join()}]`,
        ]
      : []),
    ...(denial || allowed.length === 0 ? [`  deny: {${denial || 'logins: [nobody]'}}`] : []),
    '',
  ].join('\n')
}

function at<Item>(items: readonly Item[], index: number): Item | undefined {
  return items[index % items.length]
}
