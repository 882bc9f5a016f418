/** Calls of a node's agent fail: in its first start, and when roles change. Needs root. */
import { rmSync } from 'node:fs'
import { ManagedNode } from '../../e2e/harness/managed-node.ts'
import { freePort } from '../../e2e/harness/sshd.ts'
import { waitFor } from '../../e2e/harness/wait.ts'
import { SINGLE_FILE_THREAD, type StraceOptions, underStrace } from '../strace.ts'
import type { Drill, Scene } from './drill.ts'
import type { HubPlace } from './place.ts'
import { ROLE, roleDocument, World } from './world.ts'

export const NODE_SCENES: readonly Scene[] = [
  { name: 'node-first-start', starts: true, hasRecords: false, open: openFirstStart },
  { name: 'node-update', starts: false, hasRecords: false, open: openUpdate },
]

/** A node that the role's bot may enter as `deploy`, with an sshd of its own. */
class NodeProcess implements AsyncDisposable {
  readonly #world: World
  readonly #port: number
  readonly stateDirectory: string
  #node: ManagedNode | undefined
  #token = ''

  constructor(world: World, port: number) {
    this.#world = world
    this.#port = port
    this.stateDirectory = world.directory.join('node')
  }

  get node(): ManagedNode {
    if (this.#node === undefined) throw new Error('the agent was not started')
    return this.#node
  }

  get started(): ManagedNode | undefined {
    return this.#node
  }

  /** Nothing is left of it. */
  async reset(): Promise<void> {
    await this[Symbol.asyncDispose]()
    rmSync(this.stateDirectory, { recursive: true, force: true })
    const token = (admin: Parameters<Parameters<World['administer']>[0]>[0]) =>
      admin.tokens.createToken({ role: 'node' })
    this.#token = (await this.#world.administer(token)).token?.value ?? ''
  }

  /** Resolves when it is in touch with the hub, or has ended. */
  async start(strace?: StraceOptions): Promise<void> {
    await this.#node?.[Symbol.asyncDispose]()
    const node = new ManagedNode({
      ...{ name: 'web-1', address: '127.0.0.2', port: this.#port, hasOwnSshd: true },
      stateDirectory: this.stateDirectory,
      env: SINGLE_FILE_THREAD,
      flags: [
        ...[`--auth-server=127.0.0.1:${this.#world.proxy.port}`, `--join-token=${this.#token}`],
        '--labels=env=staging',
      ],
      ...(strace && { under: (command) => underStrace(command, strace).command }),
    })
    this.#node = node
    await waitFor(() => node.exit ?? / in touch with the hub/.test(node.log), {
      what: 'the agent to be in touch',
      context: () => node.log,
    })
  }

  /** @throws Error unless that login is let in, or isn't, and all is well */
  async check(login: string, isGranted = true): Promise<void> {
    const { node } = this
    await this.becomes(login, isGranted)
    await waitFor(async () => (await node.problems()).length === 0, {
      what: 'the node to be well',
      context: () => node.log,
    })
    await node.waitUntilReady()
    await this.#world.check()
  }

  async becomes(login: string, isGranted: boolean): Promise<void> {
    const { node } = this
    await waitFor(() => node.exit ?? node.principals(login).length > 0 === isGranted, {
      what: `the file of ${login}`,
      context: () => node.log,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node?.[Symbol.asyncDispose]()
  }
}

async function open(place: HubPlace) {
  const world = await World.openWithBot(place)
  // It differs from node to node, and is a part of the path of a PAM service.
  const process = new NodeProcess(world, await freePort('0.0.0.0'))
  const shared = {
    world,
    roots: () => ({ directories: { node: process.stateDirectory }, generation: 0 }),
    victim: () => process.started?.child,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
  return { world, process, shared }
}

async function openFirstStart(place: HubPlace): Promise<Drill> {
  const { process, shared, world } = await open(place)
  return {
    ...shared,
    async prepare() {
      await process.reset()
      await world.administer((admin) => admin.nodes.deleteNode({ name: 'web-1' })).catch(() => {})
    },
    act: (strace) => process.start(strace),
    restart: () => process.start(),
    check: () => process.check('deploy'),
  }
}

async function openUpdate(place: HubPlace): Promise<Drill> {
  const { process, shared, world } = await open(place)
  await process.reset()
  await process.start()
  const allow = async (...logins: readonly string[]) => {
    const document = roleDocument(ROLE).replace('[deploy]', `[${logins.join()}]`)
    await world.administer((admin) => admin.roles.updateRole({ document }))
  }
  return {
    ...shared,
    async prepare() {
      await allow('deploy')
      await process.becomes('added', false)
    },
    async act() {
      await allow('added')
      await process.becomes('added', true)
    },
    restart: () => process.start(),
    async check() {
      await process.check('added')
      await process.check('deploy', false)
    },
  }
}
