/** A bot's daemon that is killed and started again. */
import { readFileSync, readlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { systemFileSystem } from '../../../src/base/file-system.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { stateDirectory } from '../../../src/identity/state.ts'
import { type Child, startChild } from '../../e2e/harness/child.ts'
import { PROGRAMS } from '../../e2e/harness/run.ts'
import { waitFor } from '../../e2e/harness/wait.ts'
import { type StraceOptions, underStrace } from '../strace.ts'
import { checkPublished } from './pair-watch.ts'
import type { Roots } from './point.ts'
import { BOT, expectOnly, namesIn, type World } from './world.ts'

const SETTLED = /joined|renewed|going on with the identity/g

/** By a hub whose disk takes it. */
const REFUSED = /error="refused: (?!.*(hub\.db|disk))/
const STATE_FILES = new Set(['identity.json', 'progress.json', 'lock', 'lock-holder'])
const OUTPUTS = ['ssh_key', 'ssh_key.pub', 'ssh_key-cert.pub', 'known_hosts', 'ssh_config']
const DESTINATION = new Set([
  ...OUTPUTS,
  ...['.current', '.generations', '.state', '.lock', '.lock-holder'],
])
/** The current one, two behind it, and those that came since time has passed for all others. */
const MOST_GENERATIONS = 6

export class DaemonProcess implements AsyncDisposable {
  readonly destination: string
  readonly home: string
  readonly #world: World
  readonly #flags: readonly string[]
  #child: Child | undefined

  constructor(world: World, name: string, flags: readonly string[]) {
    this.#world = world
    this.#flags = flags
    this.destination = world.directory.join(name)
    this.home = world.directory.join(`${name}-home`)
  }

  get child(): Child | undefined {
    return this.#child
  }

  get running(): Child {
    if (this.#child === undefined) throw new Error('the daemon was not started')
    return this.#child
  }

  /** @param withHome where its user's directory is written too: once, after the first publication */
  roots(withHome: boolean): Roots {
    const { destination, home } = this
    const directories = { destination, ...(withHome && { home }) }
    return { directories, generation: this.#published() }
  }

  start(token?: string, strace?: StraceOptions, more: readonly string[] = []): void {
    const words = [
      ...[`${PROGRAMS}/mezd`, 'identity', 'start', `--destination=${this.destination}`],
      `--auth-server=127.0.0.1:${this.#world.proxy.port}`,
      ...(token === undefined ? [] : [`--join-token=${token}`]),
      ...this.#flags,
      ...more,
    ]
    const command = strace === undefined ? words : underStrace(words, strace).command
    this.#child = startChild(command, {
      env: { ...this.#world.env, HOME: this.home },
      cwd: this.#world.directory.path,
    })
  }

  /** Resolves when it has published once more than `times`, or has ended. */
  async settled(times = 0): Promise<void> {
    const { running } = this
    const refused = () => REFUSED.test(running.stderr)
    await waitFor(() => running.exit ?? (this.publications > times || refused()), {
      what: 'the daemon to publish',
      context: () => running.stderr,
    })
    if (refused()) throw new Error(`an honest bot was refused:\n${running.stderr}`)
  }

  async sees(pattern: RegExp): Promise<void> {
    const { running } = this
    await waitFor(() => running.exit ?? pattern.test(running.stderr), {
      what: `the daemon to print ${pattern}`,
      context: () => running.stderr,
    })
  }

  /** Since it was started. */
  get publications(): number {
    return this.running.stderr.match(SETTLED)?.length ?? 0
  }

  /** Resolves when it has renewed, or has ended. */
  async renew(): Promise<void> {
    const times = this.publications
    this.running.signal('SIGHUP')
    await this.settled(times)
  }

  /** Starts it again, and waits until it has published. @throws Error */
  async restart(token?: string): Promise<void> {
    if (namesIn(this.destination).includes('ssh_key')) await checkPublished(this.destination)
    this.start(token)
    await this.settled()
  }

  /** What must be so whenever nothing is under way. @throws Error */
  async checkSettled(): Promise<void> {
    const { running, destination } = this
    if (running.exit !== undefined) throw new Error(`the daemon ended:\n${running.stderr}`)
    await checkPublished(destination)
    const identity = await this.identity()
    const published = readFileSync(join(destination, 'ssh_key-cert.pub'), 'utf8').split(' ')[1]
    if (published !== identity.sshCertificate.blob.toString('base64')) {
      throw new Error('the state directory has another certificate than what is published')
    }
    await expectOnly('the destination', () => namesIn(destination), DESTINATION)
    const generations = namesIn(this.#generations)
    const ahead = generations.filter((name) => !(Number(name) <= this.#published()))
    if (ahead.length > 0 || generations.length > MOST_GENERATIONS) {
      throw new Error(`${generations.join(' ')} in .generations at ${this.#published()}`)
    }
  }

  /** What must be so after a renewal that nothing has disturbed. @throws Error */
  async checkRenewed(): Promise<void> {
    await this.checkSettled()
    const state = join(this.destination, '.state')
    await expectOnly('the state directory', () => namesIn(state), STATE_FILES)
    const { instanceId, generation } = await this.identity()
    const stored = await this.#world.read(({ instances }) => instances.get(instanceId))
    if (stored?.generation !== generation) {
      throw new Error(`the daemon is at generation ${generation}, the hub at ${stored?.generation}`)
    }
    const isOurs = (event: { readonly instanceId?: string | undefined }) =>
      event.instanceId === instanceId
    await this.#world.check()
    const { audit } = this.#world
    const isNew = (event: { readonly fields?: Readonly<Record<string, string>> }) =>
      event.fields?.['repeated'] === undefined
    const renewals = audit.count(
      'bot.renew',
      (event) => isOurs(event) && event.outcome === 'success' && isNew(event),
    )
    if (BigInt(renewals) !== generation - 1n) {
      throw new Error(`${renewals} renewals in the audit log led to generation ${generation}`)
    }
    if (audit.count('bot.renew', (event) => isOurs(event) && event.outcome === 'refused') > 0) {
      throw new Error('a renewal of the honest bot was refused')
    }
    const joins = audit.count('bot.join', (event) => event.outcome === 'success' && isNew(event))
    const instances = await this.#world.read((readers) => readers.instances.listForBot(BOT))
    if (joins !== instances.length) {
      throw new Error(`${joins} joins in the audit log led to ${instances.length} instances`)
    }
  }

  async identity(): Promise<Identity> {
    const path = join(this.destination, '.state')
    const identity = await stateDirectory(systemFileSystem, path).readIdentity()
    if (identity === undefined) throw new Error(`no identity in ${path}`)
    return identity
  }

  /** Lets time pass for the generations, so that the next renewal drops what it no longer needs. */
  ageGenerations(): void {
    const before = new Date(0)
    for (const name of namesIn(this.#generations)) {
      utimesSync(join(this.#generations, name), before, before)
    }
  }

  get #generations(): string {
    return join(this.destination, '.generations')
  }

  #published(): number {
    try {
      return Number(/\d+$/.exec(readlinkSync(join(this.destination, '.current')))?.[0])
    } catch {
      return 0
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]()
  }
}
