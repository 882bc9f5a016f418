/** The machines on which a page is run: a hub, servers, and those that want to enter them. */
import { waitFor } from '../e2e/harness/wait.ts'
import { type Machine, readCheckout, startMachine } from './machine.ts'
import { parsePage } from './page.ts'

const DOMAIN = 'example.com'
const STAND_INS = ['test/docs/programs/systemctl', 'test/docs/programs/journalctl']
const PROGRAMS = ['bin/mezhub', 'bin/mezctl', 'bin/mezd', 'bin/msh']

/** By the names that pages use. Whoever has an sshd can become a node. */
const MACHINES: readonly {
  readonly name: string
  readonly hostName?: string
  readonly programs: readonly string[]
  /** As a node of the other pages. */
  readonly labels?: string
}[] = [
  { name: 'hub', hostName: 'mezite', programs: PROGRAMS },
  { name: 'web-server-01', programs: ['bin/mezd'], labels: 'env=staging,tier=web' },
  { name: 'web-server-02', programs: ['bin/mezd'], labels: 'env=production,tier=web' },
  { name: 'db-server-01', programs: ['bin/mezd'], labels: 'env=production,tier=db' },
  { name: 'old-server', programs: [] },
  { name: 'runner', programs: ['test/docs/programs/curl'] },
  { name: 'monitor', programs: ['bin/mezd', 'bin/msh'] },
  { name: 'control', programs: ['bin/mezd', 'bin/msh'] },
]

export interface WorldOptions {
  /** Besides the hub. */
  readonly machines: readonly string[]
  /** Those that are nodes before the page begins, as docs/nodes.md makes them. */
  readonly nodes: readonly string[]
  /** Those that have none of the programs, until the page installs them. */
  readonly bare?: readonly string[]
}

export class World implements AsyncDisposable {
  readonly #machines: ReadonlyMap<string, Machine>

  constructor(machines: ReadonlyMap<string, Machine>) {
    this.#machines = machines
  }

  /** @throws Error for one that the page hasn't asked for */
  machine(name: string): Machine {
    const machine = this.#machines.get(name)
    if (machine !== undefined) return machine
    throw new Error(`this page has no machine ${name}, only ${[...this.#machines.keys()].join()}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of [...this.#machines.values()].reverse()) {
      await machine[Symbol.asyncDispose]()
    }
  }
}

export async function startWorld({ machines, nodes, bare = [] }: WorldOptions): Promise<World> {
  const begin = (name: string, network: Machine | undefined) =>
    start(name, network, bare.includes(name))
  const hub = await begin('hub', undefined)
  const world = new World(
    new Map([
      ['hub', hub],
      ...(await Promise.all(machines.map(async (name) => [name, await begin(name, hub)] as const))),
    ]),
  )
  try {
    await startHub(hub)
    await Promise.all(nodes.map((name) => makeNode(world.machine(name), hub)))
    return world
  } catch (error) {
    await world[Symbol.asyncDispose]()
    throw error
  }
}

async function start(
  name: string,
  network: Machine | undefined,
  isBare: boolean,
): Promise<Machine> {
  const index = MACHINES.findIndex((machine) => machine.name === name)
  const { hostName = name, programs } = MACHINES[index] ?? { programs: undefined }
  if (programs === undefined) throw new Error(`there is no machine ${name}`)
  const machine = await startMachine({
    name: hostName,
    address: addressAt(index),
    hosts: MACHINES.map(({ name, hostName = name }, i) => {
      return `${addressAt(i)} ${hostName}.${DOMAIN} ${hostName}`
    }),
    programs: [...(isBare ? [] : programs), ...STAND_INS],
    network,
  })
  const isServer = /-server/.test(name)
  if (network === undefined) await machine.typeOk('ip link set lo up')
  if (isServer) await machine.typeOk('systemctl start ssh')
  return machine
}

/** Of the loopback network. */
function addressAt(index: number): string {
  return `127.0.0.${index + 10}`
}

/** As docs/services.md says. */
async function startHub(hub: Machine): Promise<void> {
  await hub.write('/etc/mezite/mezhub.yaml', 'public-addr: mezite.example.com:3025\n')
  await hub.typeOk('mezhub install systemd --write && systemctl start mezhub')
  await waitFor(async () => (await hub.type('mezctl status')).code === 0, {
    what: 'the hub to answer',
  })
}

/** With the files of docs/nodes.md as they are written first, each node with its own labels. */
async function makeNode(machine: Machine, hub: Machine): Promise<void> {
  const { labels = '' } = MACHINES.find(({ name }) => name === machine.name) ?? {}
  const written = new Set<string>()
  for (const step of parsePage(readCheckout('docs/nodes.md'))) {
    if (step.kind !== 'file' || step.machine !== 'web-server-01' || written.has(step.path)) continue
    written.add(step.path)
    await machine.write(step.path, step.content.replace(/^labels: .*$/m, `labels: ${labels}`))
  }
  const token = await hub.typeOk(
    'mezctl tokens create --roles=node --format json | jq -r .token.value',
  )
  await machine.write('/etc/mezite/join.env', `MEZITE_JOIN_TOKEN=${token}`)
  await machine.typeOk('mezd node install systemd --write && systemctl enable --now mezd-node')
  let status = ''
  const isReady = async () => {
    const { code, stdout } = await machine.type('mezd node status')
    status = stdout
    return code === 0
  }
  await waitFor(isReady, { what: `the node ${machine.name}`, context: () => status })
}
