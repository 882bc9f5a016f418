/** A hub, its administrator and its bots, for a series of kills. */
import { readdirSync } from 'node:fs'
import { systemClock } from '../../../src/base/clock.ts'
import { type AdminClient, openAdminClient } from '../../../src/client/admin-client.ts'
import { HubError } from '../../../src/client/identity-hub.ts'
import { type Child, startChild } from '../../e2e/harness/child.ts'
import { TemporaryDirectory } from '../../e2e/harness/directory.ts'
import { PROGRAMS, testEnvironment } from '../../e2e/harness/run.ts'
import { waitFor } from '../../e2e/harness/wait.ts'
import { SINGLE_FILE_THREAD, type StraceOptions, underStrace } from '../strace.ts'
import { AuditWatch } from './audit-watch.ts'
import type { HubPlace, StoreReaders } from './place.ts'
import { RecordProxy } from './record-proxy.ts'

export const BOT = 'ci'
export const ROLE = 'deployer'

export function roleDocument(name: string): string {
  return `kind: role
metadata: {name: ${name}}
spec:
  allow:
    node_labels: {env: [staging]}
    logins: [deploy]
`
}

const LISTENING = /listening on 127\.0\.0\.1:(\d+)/

export class World implements AsyncDisposable {
  readonly place: HubPlace
  readonly directory = new TemporaryDirectory('mezite-kills-')
  readonly audit = new AuditWatch()
  readonly dataDirectory = this.directory.join('hub')
  #proxy: RecordProxy | undefined
  #hub: Child | undefined
  #hubPort: number | undefined

  private constructor(place: HubPlace) {
    this.place = place
  }

  /** No hub runs in it yet. */
  static async open(place: HubPlace): Promise<World> {
    const world = new World(place)
    world.#proxy = await RecordProxy.open(() => world.#hubPort)
    return world
  }

  /** With a hub that has a role and a bot. */
  static async openWithBot(place: HubPlace): Promise<World> {
    const world = await World.open(place)
    try {
      await world.restartHub()
      await world.administer(async (admin) => {
        await admin.roles.createRole({ document: roleDocument(ROLE) })
        await admin.bots.createBot({ name: BOT, roles: [ROLE] })
      })
      return world
    } catch (error) {
      await world[Symbol.asyncDispose]()
      throw error
    }
  }

  get proxy(): RecordProxy {
    if (this.#proxy === undefined) throw new Error('the world is not open')
    return this.#proxy
  }

  get hub(): Child {
    if (this.#hub === undefined) throw new Error('no hub was started')
    return this.#hub
  }

  get hubIfStarted(): Child | undefined {
    return this.#hub
  }

  async killHub(): Promise<void> {
    await this.hub[Symbol.asyncDispose]()
    await this.hub.exited
  }

  /** Resolves when it listens, or has ended. */
  async startHub(strace?: StraceOptions): Promise<void> {
    const words = [
      ...[`${PROGRAMS}/mezhub`, 'start', '--listen-addr=127.0.0.1:0'],
      ...this.place.flags(this.dataDirectory),
    ]
    const command = strace === undefined ? words : underStrace(words, strace).command
    const hub = startChild(command, { env: this.env, cwd: this.directory.path })
    this.#hub = hub
    await waitFor(() => hub.exit ?? LISTENING.test(hub.stderr), {
      what: 'the hub to listen',
      context: () => hub.stderr,
    })
    this.#hubPort = Number(LISTENING.exec(hub.stderr)?.[1]) || undefined
    await waitFor(() => hub.exit ?? this.#files().includes('hub.sock'), {
      what: "the hub's socket",
      context: () => hub.stderr,
    })
  }

  /** @throws Error when it doesn't come up */
  async restartHub(): Promise<void> {
    await this.startHub()
    if (this.hub.exit !== undefined) throw new Error(`the hub ended:\n${this.hub.stderr}`)
  }

  get env(): Record<string, string> {
    return { ...testEnvironment(this.directory.path), ...SINGLE_FILE_THREAD }
  }

  /** Does something as the administrator of the hub's machine. */
  async administer<Result>(act: (admin: AdminClient) => Promise<Result>): Promise<Result> {
    const path = `${this.dataDirectory}/hub.sock`
    const admin = await openAdminClient({ kind: 'unix', path })
    try {
      return await act(admin)
    } finally {
      admin.close()
    }
  }

  read<Result>(act: (readers: StoreReaders) => Promise<Result>): Promise<Result> {
    return this.place.read(this.dataDirectory, act)
  }

  /** A join token of the bot; those before it no longer work. */
  async newToken(): Promise<string> {
    const { token } = await this.administer((admin) => admin.bots.rotateToken({ name: BOT }))
    if (token === undefined) throw new Error('the hub sent no token')
    return token.value
  }

  /** @throws Error unless the hub's data is whole, and only what must be there is there */
  async check(): Promise<void> {
    await this.read((readers) => this.audit.check(readers.audit))
    await expectOnly('the data directory', () => this.#files(), this.place.files)
    const locks = await this.read((readers) => readers.locks.listForBot(BOT))
    if (locks.length > 0) throw new Error(`the honest bot is locked: ${locks[0]?.message}`)
  }

  #files(): readonly string[] {
    return namesIn(this.dataDirectory)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub?.[Symbol.asyncDispose]()
    await this.#proxy?.[Symbol.asyncDispose]()
    this.directory[Symbol.dispose]()
  }
}

/** Whether the act was acknowledged; false: nobody knows, the answer was lost. */
export async function isAnswered(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (error instanceof HubError && error.code !== 'refused') return false
    // Its disk has failed.
    if (error instanceof HubError && error.hubCode === 'unavailable') return false
    throw error
  }
}

export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** What is on its way out has a moment to go. @throws Error */
export async function expectOnly(
  what: string,
  names: () => readonly string[],
  expected: ReadonlySet<string>,
): Promise<void> {
  const left = () => names().filter((name) => !expected.has(name))
  const end = systemClock.monotonic() + 2_000
  while (left().length > 0) {
    if (systemClock.monotonic() > end) throw new Error(`left over in ${what}: ${left().join(' ')}`)
    await systemClock.sleep(10)
  }
}
