/** A hub with managed nodes and bots, on one machine. */
import { writeFileSync } from 'node:fs'
import type { RoleSource } from '../../../src/policy/testing/role-source.ts'
import { type Account, temporaryAccount } from './account.ts'
import { rows, textAt, valueAt } from './cluster.ts'
import { Daemon } from './daemon.ts'
import { makeDebianSystem } from './debian-system.ts'
import { TemporaryDirectory } from './directory.ts'
import { type GuestMachine, sameSystem, startGuestMachine } from './guest-machine.ts'
import { type Hub, type HubOptions, startHub } from './hub.ts'
import { ManagedBot } from './managed-bot.ts'
import { ManagedNode } from './managed-node.ts'
import { runOk, testEnvironment } from './run.ts'
import { freePort } from './sshd.ts'
import { waitFor } from './wait.ts'

export interface FleetNodeOptions {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
  /** Where its agent runs; absent: on this machine, which it takes no sshd of. */
  readonly machine?: GuestMachine
  /** Those that its agent knows of; absent: this fleet's. */
  readonly hubs?: readonly Hub[]
  /** On a machine too an sshd of its own, rather than the machine's. */
  readonly hasOwnSshd?: boolean
}

export interface FleetBotOptions {
  readonly name: string
  readonly roles: readonly string[]
  /** Those that it knows of; absent: this fleet's. */
  readonly hubs?: readonly Hub[]
  /** Of `mezd identity start`. */
  readonly flags?: readonly string[]
}

/** Everything that is in it is gone when the test is over. */
export class Fleet implements AsyncDisposable {
  readonly hub: Hub
  readonly directory: TemporaryDirectory
  readonly #things: (AsyncDisposable | Disposable)[] = []
  #nodes = 0
  #files = 0

  constructor(hub: Hub, directory: TemporaryDirectory) {
    this.hub = hub
    this.directory = directory
  }

  account(): Account {
    return this.#keep(temporaryAccount())
  }

  /** A machine with an sshd and an administrator of its own, and this one's system. */
  async machine(): Promise<GuestMachine> {
    const directory = this.directory.join('machine')
    const system = sameSystem(directory)
    const options = { directory, administrator: this.account(), system }
    return this.#keep(await startGuestMachine(options))
  }

  /** The same, with a system of Debian's of its own; its accounts are those and an administrator's. */
  async debian(suite: string, accounts: readonly Account[]): Promise<GuestMachine> {
    const directory = this.directory.join(`machine-${suite}`)
    const administrator = this.account()
    const system = await makeDebianSystem({
      ...{ suite, directory },
      accounts: [...accounts, administrator],
      shared: [this.directory.path, '/home'],
    })
    return this.#keep(await startGuestMachine({ directory, administrator, system }))
  }

  /** Makes a role, or replaces the one of that name. */
  async role(verb: 'create' | 'update', name: string, spec: RoleSource): Promise<void> {
    await this.roles(verb, { [name]: spec })
  }

  async roles(
    verb: 'create' | 'update',
    specs: Readonly<Record<string, RoleSource>>,
  ): Promise<void> {
    const file = this.directory.join(`role-${++this.#files}.yaml`)
    const documents = Object.entries(specs).map(([name, spec]) => roleText(name, spec))
    writeFileSync(file, documents.join('---\n'))
    await this.hub.runOk(`mezctl roles ${verb} --from-file=${file}`)
  }

  async nodeToken(flags = '--ttl=1h'): Promise<string> {
    return textAt(
      await this.hub.json(`mezctl tokens create --roles=node ${flags}`),
      'token',
      'value',
    )
  }

  /** A node that has joined and lets in whoever may. */
  async node(options: FleetNodeOptions): Promise<ManagedNode> {
    const node = await this.startNode(options, await this.nodeToken())
    await node.waitUntilReady()
    return node
  }

  /** Starts an agent with that token, whatever comes of it. */
  async startNode(options: FleetNodeOptions, token: string): Promise<ManagedNode> {
    const {
      name,
      labels = {},
      flags = [],
      machine,
      hubs = [this.hub],
      hasOwnSshd = machine === undefined,
    } = options
    const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    return this.#keep(
      new ManagedNode({
        name,
        // Another address each, the first of them not the one that everything else uses.
        address: hasOwnSshd ? `127.0.0.${++this.#nodes + 1}` : (machine?.address ?? ''),
        // At every address: the name of a PAM service has the port only.
        port: hasOwnSshd ? await freePort('0.0.0.0') : (machine?.port ?? 0),
        ...(machine && { machine }),
        hasOwnSshd,
        stateDirectory: this.directory.join(`node-${name}-${this.#nodes}`),
        flags: [
          ...[`--auth-server=${addressesOf(hubs)}`, `--join-token=${token}`],
          ...(pairs.length > 0 ? [`--labels=${pairs.join(',')}`] : []),
          ...flags,
        ],
      }),
    )
  }

  /** A bot with a daemon that keeps its files. */
  async bot(options: FleetBotOptions): Promise<ManagedBot> {
    return await this.#startDaemon(options, await this.#newBot(options))
  }

  /** A second instance of a bot. */
  async secondInstance(bot: ManagedBot, flags?: readonly string[]): Promise<ManagedBot> {
    const answer = await this.hub.json(`mezctl bots rotate-token ${bot.name}`)
    const options = { name: bot.name, roles: [], ...(flags && { flags }) }
    return await this.#startDaemon(options, textAt(answer, 'token', 'value'))
  }

  /** A bot that has joined once, and whose files nobody renews. */
  async oneShotBot(options: FleetBotOptions): Promise<ManagedBot> {
    const { name, flags = [] } = options
    const token = await this.#newBot(options)
    const { destination, home } = this.#places(name)
    await runOk(
      [
        ...['mezd', 'identity', 'start', `--auth-server=${this.hub.address}`, '--one-shot'],
        ...[`--join-token=${token}`, `--destination=${destination}`, ...flags],
      ],
      { env: testEnvironment(home) },
    )
    return new ManagedBot(name, destination, home)
  }

  /** Audit events, newest first. */
  async events(filter: string): Promise<readonly unknown[]> {
    return rows(await this.hub.json(`mezctl audit ls ${filter}`))
  }

  /** Sessions that are in now. */
  async sessions(filter = ''): Promise<readonly unknown[]> {
    return rows(await this.hub.json(`mezctl sessions ls ${filter}`))
  }

  /** Waits until the hub knows of so many sessions. */
  async waitForSessions(count: number, filter = ''): Promise<readonly unknown[]> {
    return await waitFor(
      async () => {
        const sessions = await this.sessions(filter)
        return sessions.length === count && sessions
      },
      { what: `${count} sessions ${filter}`, context: () => this.hub.log },
    )
  }

  /** Locks what the flags say; returns the lock's ID. */
  async lock(flags: string): Promise<string> {
    return textAt(await this.hub.json(`mezctl locks add ${flags}`), 'lock', 'id')
  }

  async unlock(id: string): Promise<void> {
    await this.hub.runOk(`mezctl locks rm ${id}`)
  }

  async nodeState(name: string): Promise<string> {
    return textAt(await this.hub.json(`mezctl nodes show ${name}`), 'state')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const thing of this.#things.reverse()) {
      if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]()
      else thing[Symbol.dispose]()
    }
    await this.hub[Symbol.asyncDispose]()
    this.directory[Symbol.dispose]()
  }

  async #newBot({ name, roles }: FleetBotOptions): Promise<string> {
    const answer = await this.hub.json(`mezctl bots add --name=${name} --roles=${roles.join()}`)
    return textAt(answer, 'token', 'value')
  }

  async #startDaemon(
    { name, flags = [], hubs = [this.hub] }: FleetBotOptions,
    token: string,
  ): Promise<ManagedBot> {
    const { destination, home } = this.#places(name)
    const daemon = new Daemon({
      destination,
      env: testEnvironment(home),
      flags: [`--auth-server=${addressesOf(hubs)}`, `--join-token=${token}`, ...flags],
    })
    const bot = this.#keep(new ManagedBot(name, destination, home, daemon))
    await daemon.waitForCertificate()
    return bot
  }

  #places(name: string) {
    const directory = this.directory.join(`bot-${name}-${++this.#files}`)
    return { destination: `${directory}/certs`, home: `${directory}/home` }
  }

  #keep<Thing extends AsyncDisposable | Disposable>(thing: Thing): Thing {
    this.#things.push(thing)
    return thing
  }
}

export async function startFleet(options: Omit<HubOptions, 'directory'> = {}): Promise<Fleet> {
  const directory = new TemporaryDirectory()
  return new Fleet(await startHub({ directory, ...options }), directory)
}

function addressesOf(hubs: readonly Hub[]): string {
  return hubs.map(({ address }) => address).join(',')
}

/** JSON is YAML. */
export function roleText(name: string, spec: RoleSource): string {
  return `${JSON.stringify({ kind: 'role', metadata: { name }, spec }, undefined, 2)}\n`
}

/** What the documents have at that key. */
export function column(documents: readonly unknown[], ...path: readonly string[]): unknown[] {
  return documents.map((document) => valueAt(document, ...path))
}
