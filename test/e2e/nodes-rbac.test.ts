/**
 * Who may enter where, asked four times: the policy of the product through `mezctl access`, an
 * evaluator that is written here from the manual's words alone, and logins at real sshd's.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { RoleSource } from '../../src/policy/testing/role-source.ts'
import type { Account } from './harness/account.ts'
import { rows, textAt, valueAt } from './harness/cluster.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run } from './harness/run.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const SEED = 20_260_324
const BOTS = 14
const CHECKS = 48

type Labels = Readonly<Record<string, string>>

const NODES: Readonly<Record<string, Labels>> = {
  'web-1': { env: 'staging', tier: 'web' },
  'web-2': { env: 'production', tier: 'web' },
  'db-1': { env: 'production', tier: 'db' },
  'eu-1': { env: 'staging', region: 'eu-1' },
  'us-1': { region: 'us-12' },
  bare: {},
}

interface Cell {
  readonly bot: string
  readonly node: string
  readonly login: string
}

const nameOf = ({ bot, node, login }: Cell) => `${bot} ${node} ${login}`

function rolesFor(logins: readonly string[]): Readonly<Record<string, RoleSource>> {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = logins
  const everywhere = { '*': '*' }
  return {
    lists: {
      allow: { node_labels: { env: ['staging', 'production'] }, logins: [first, second] },
    },
    wildcard: { allow: { node_labels: { tier: '*' }, logins: [third] } },
    everywhere: { allow: { node_labels: everywhere, logins: [first, fourth] } },
    regex: { allow: { node_labels: { region: '^(eu|us)-[0-9]$' }, logins: [...logins] } },
    alternatives: {
      allow: { node_labels: { tier: ['^w.*$', 'db'], env: 'production' }, logins: [second, fifth] },
    },
    'not-production': { deny: { node_labels: { env: 'production' } } },
    'not-eu': { deny: { node_labels: { region: '^eu.*$', env: '*' } } },
    'not-first': { deny: { logins: [first] } },
    'not-some': { deny: { logins: [`^${fourth.slice(0, -1)}.$`, 'root'] } },
    'one-command': {
      options: { force_command: 'id -un' },
      allow: { node_labels: everywhere, logins: [fifth, second] },
    },
    'other-command': {
      options: { force_command: 'id -u -n' },
      allow: { node_labels: { env: '*' }, logins: [fifth] },
      deny: { node_labels: { env: 'staging', tier: 'db' } },
    },
  }
}

/** Some allows for each bot, and a deny for most. */
function botRoles(roles: Readonly<Record<string, RoleSource>>): readonly (readonly string[])[] {
  const names = Object.keys(roles)
  const allows = names.filter((name) => roles[name]?.allow !== undefined)
  const denies = names.filter((name) => roles[name]?.allow === undefined)
  const arbitrary = fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...allows), { minLength: 1, maxLength: 3 }),
      fc.uniqueArray(fc.constantFrom(...denies), { maxLength: 2 }),
    )
    .map(([some, others]) => [...some, ...others])
  return fc.sample(arbitrary, { seed: SEED, numRuns: BOTS })
}

/** From the manual: deny wins over all roles; an allow needs the labels and the login. */
function isAllowed(roles: readonly RoleSource[], labels: Labels, login: string): boolean {
  const isDenied = roles.some(
    ({ deny }) =>
      (deny?.node_labels !== undefined && matches(deny.node_labels, labels)) ||
      (deny?.logins ?? []).some((pattern) => matchesValue(pattern, login)),
  )
  if (isDenied) return false
  const granting = roles.filter(
    ({ allow }) => allow && matches(allow.node_labels, labels) && allow.logins.includes(login),
  )
  const commands = granting.map(({ options }) => options?.force_command)
  const clash = !commands.includes(undefined) && new Set(commands).size > 1
  return granting.length > 0 && !clash
}

function matches(selector: Readonly<Record<string, string | readonly string[]>>, labels: Labels) {
  return Object.entries(selector).every(([key, values]) => {
    if (key === '*') return true
    const value = labels[key]
    return value !== undefined && [values].flat().some((it) => matchesValue(String(it), value))
  })
}

function matchesValue(pattern: string, value: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('^') ? new RegExp(`^(?:${pattern})$`).test(value) : pattern === value
}

describe('who may enter where', () => {
  let fleet: Fleet
  let accounts: readonly Account[]
  const bots = new Map<string, ManagedBot>()
  const nodes = new Map<string, ManagedNode>()
  /** Every cell with what the evaluator here says. */
  const expected = new Map<string, boolean>()
  const cells: Cell[] = []

  before(async () => {
    fleet = await startFleet()
    accounts = Array.from({ length: 5 }, () => fleet.account())
    const logins = accounts.map(({ name }) => name)
    const roles = rolesFor(logins)
    await fleet.roles('create', roles)
    await inParallel(3, Object.entries(NODES), async ([name, labels]) => {
      nodes.set(name, await fleet.node({ name, labels }))
    })
    const chosen = botRoles(roles).map((names, i) => [`bot-${i}`, names] as const)
    await inParallel(3, chosen, async ([name, names]) => {
      bots.set(name, await fleet.oneShotBot({ name, roles: names }))
    })
    for (const [bot, names] of chosen) {
      for (const [node, labels] of Object.entries(NODES)) {
        for (const login of logins) {
          const cell = { bot, node, login }
          cells.push(cell)
          const held = names.flatMap((name) => roles[name] ?? [])
          expected.set(nameOf(cell), isAllowed(held, labels, login))
        }
      }
    }
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  /** Allowed ones and others in turn, each in an order that the seed decides. */
  function sample(count: number): readonly Cell[] {
    const [order = []] = fc.sample(
      fc.shuffledSubarray(cells, { minLength: cells.length, maxLength: cells.length }),
      { seed: SEED, numRuns: 1 },
    )
    const allowed = order.filter((cell) => expected.get(nameOf(cell)))
    const others = order.filter((cell) => !expected.get(nameOf(cell)))
    const half = Math.min(allowed.length, Math.ceil(count / 2))
    return [...allowed.slice(0, half), ...others.slice(0, count - half)]
  }

  it('is a matrix with enough of both answers', () => {
    const allowed = [...expected.values()].filter(Boolean).length
    assert.ok(allowed >= 60 && expected.size - allowed >= 100, `${allowed} of ${expected.size}`)
  })

  it('is what mezctl access ls prints, every cell', async () => {
    const listed = rows(await fleet.hub.json('mezctl access ls --limit=10000')).map((row) =>
      nameOf({ bot: textAt(row, 'bot'), node: textAt(row, 'node'), login: textAt(row, 'login') }),
    )
    const wanted = [...expected].flatMap(([name, allowed]) => (allowed ? [name] : []))
    assert.deepEqual(listed.toSorted(), wanted.toSorted())
  })

  it('is what mezctl access ls prints by bot and by node', async () => {
    for (const flag of ['--bot=bot-3', '--node=web-2', '--bot=bot-5 --node=db-1']) {
      const listed = rows(await fleet.hub.json(`mezctl access ls ${flag}`))
      const wanted = cells.filter(
        (cell) =>
          expected.get(nameOf(cell)) &&
          flag.split(' ').every((it) => it === `--bot=${cell.bot}` || it === `--node=${cell.node}`),
      )
      assert.equal(listed.length, wanted.length, flag)
    }
  })

  it('is what mezctl access check says, with a reason', async () => {
    await inParallel(3, sample(CHECKS), async (cell) => {
      const { bot, node, login } = cell
      const flags = `--bot=${bot} --node=${node} --login=${login} --format=json`
      const { code, stdout } = await fleet.hub.run(`mezctl access check ${flags}`)
      const answer: unknown = JSON.parse(stdout)
      const allowed = expected.get(nameOf(cell))
      assert.equal(valueAt(answer, 'allowed'), allowed, `${nameOf(cell)}: ${stdout}`)
      assert.equal(code, allowed ? 0 : 3, nameOf(cell))
      assert.match(textAt(answer, 'reason'), /\w/)
    })
  })

  it("is in each node's files, line by line", () => {
    for (const [name, node] of nodes) {
      for (const { name: login } of accounts) {
        const inFile = node.principals(login).map((line) => line.slice(line.lastIndexOf(':') + 1))
        const wanted = cells.filter(
          (cell) => cell.node === name && cell.login === login && expected.get(nameOf(cell)),
        )
        assert.deepEqual(inFile.sort(), wanted.map(({ bot }) => bot).sort(), `${name} ${login}`)
      }
    }
  })

  it(`is what sshd does, at every cell`, async () => {
    const differences: string[] = []
    await inParallel(8, cells, async (cell) => {
      const { outcome, stderr } = await login(cell)
      const wanted = expected.get(nameOf(cell)) ? 'entered' : 'refused'
      if (outcome !== wanted)
        differences.push(`${nameOf(cell)}: ${outcome}, not ${wanted} ${stderr}`)
    })
    assert.deepEqual(differences, [])
  })

  async function login({ bot, node, login }: Cell) {
    const files = bots.get(bot)
    const target = nodes.get(node)
    if (files === undefined || target === undefined) throw new Error(`${bot} or ${node} is missing`)
    const { code, stdout, stderr } = await run([
      ...['ssh', '-F', 'none', '-i', files.file('ssh_key'), '-o', 'BatchMode=yes'],
      ...['-o', `CertificateFile=${files.file('ssh_key-cert.pub')}`, '-o', 'IdentitiesOnly=yes'],
      ...['-o', `UserKnownHostsFile=${files.file('known_hosts')}`, '-p', String(target.port)],
      ...['-o', 'StrictHostKeyChecking=yes', '-o', 'KexAlgorithms=curve25519-sha256'],
      ...[`${login}@${target.address}`, 'id -un'],
    ])
    if (code === 0 && stdout === `${login}\n`) return { outcome: 'entered', stderr }
    const isRefused = code === 255 && /Permission denied \(publickey\)/.test(stderr)
    return { outcome: isRefused ? 'refused' : `failed with ${code}`, stderr }
  }
})

/** Runs the work for each item, so many at a time. */
async function inParallel<Item>(
  width: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
    }),
  )
}
