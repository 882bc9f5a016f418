/** The hub is killed: while it starts and stops, and in each thing that is asked of it. */
import { rmSync } from 'node:fs'
import { DaemonProcess } from './daemon-process.ts'
import { controlCopy } from './daemon-scenes.ts'
import type { Drill, Scene } from './drill.ts'
import { checkAct, HUB_ACTS, type HubAct } from './hub-acts.ts'
import { PairWatch } from './pair-watch.ts'
import type { HubPlace } from './place.ts'
import { isAnswered, roleDocument, World } from './world.ts'

export const HUB_SCENES: readonly Scene[] = [
  { name: 'hub-first-start', starts: true, hasRecords: false, open: openFirstStart },
  { name: 'hub-start', starts: true, hasRecords: false, open: openStart },
  { name: 'hub-stop', starts: false, hasRecords: false, open: openStop },
  ...HUB_ACTS.map((act) => ({
    name: `hub-${act.name}`,
    starts: false,
    hasRecords: false,
    open: async (place: HubPlace) => openAct(await World.openWithBot(place), act),
  })),
  { name: 'hub-refusal', starts: false, hasRecords: true, open: openRefusal },
  { name: 'hub-join', starts: false, hasRecords: true, open: openJoin },
  { name: 'hub-renew', starts: false, hasRecords: true, open: openRenew },
]

function hubDrill(world: World, drill: Omit<Drill, 'world' | 'roots' | 'victim'>): Drill {
  return {
    world,
    roots: () => ({ directories: { hub: world.dataDirectory }, generation: 0 }),
    victim: () => world.hub,
    ...drill,
  }
}

/** @throws Error unless the cluster works: something new can be made and is there */
async function checkWorks(world: World, name: string): Promise<void> {
  await world.administer((admin) => admin.roles.createRole({ document: roleDocument(name) }))
  const role = await world.read((readers) => readers.roles.get(name))
  if (role === undefined) throw new Error(`the role ${name} is not there`)
  await world.check()
}

async function openFirstStart(place: HubPlace): Promise<Drill> {
  let world = await World.open(place)
  return {
    get world() {
      return world
    },
    roots: () => ({ directories: { hub: world.dataDirectory }, generation: 0 }),
    victim: () => world.hubIfStarted,
    async prepare() {
      await world[Symbol.asyncDispose]()
      world = await World.open(place)
    },
    act: (strace) => world.startHub(strace),
    restart: () => world.restartHub(),
    async check() {
      await world.check()
      const authorities = world.audit.count('authority.create', () => true)
      if (authorities !== 3) throw new Error(`${authorities} CAs were made`)
      await checkWorks(world, 'first')
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

/** Of a hub that was killed before, on what it has left. */
async function openStart(place: HubPlace): Promise<Drill> {
  const world = await World.openWithBot(place)
  let count = 0
  return hubDrill(world, {
    async prepare() {
      if (world.hub.exit !== undefined) await world.restartHub()
      await checkWorks(world, `role-${++count}`)
      await world.killHub()
    },
    act: (strace) => world.startHub(strace),
    restart: () => world.restartHub(),
    check: () => world.check(),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  })
}

async function openStop(place: HubPlace): Promise<Drill> {
  const world = await World.openWithBot(place)
  let count = 0
  return hubDrill(world, {
    async prepare() {
      await checkWorks(world, `role-${++count}`)
    },
    async act() {
      await world.hub.stop()
    },
    restart: () => world.restartHub(),
    check: () => world.check(),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  })
}

function openAct(world: World, act: HubAct): Drill {
  let count = 0
  let subject = ''
  let wasAnswered = false
  return hubDrill(world, {
    async prepare() {
      subject = `subject-${++count}`
      await world.administer(async (admin) => act.prepare?.(admin, subject))
    },
    async act() {
      wasAnswered = await isAnswered(() =>
        world.administer(async (admin) => act.act(admin, subject)),
      )
    },
    restart: () => world.restartHub(),
    async check() {
      await checkAct(world, act, subject, wasAnswered)
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  })
}

/** A join with a token that is used up: all there is of it is its event. */
async function openRefusal(place: HubPlace): Promise<Drill> {
  await using opening = new AsyncDisposableStack()
  const world = opening.use(await World.openWithBot(place))
  const token = await world.newToken()
  let wasRefused = false
  let before = 0
  const refusals = () => world.audit.count('bot.join', ({ outcome }) => outcome === 'refused')
  await using first = new DaemonProcess(world, 'first', ['--one-shot'])
  first.start(token)
  await first.running.exited
  const open = opening.move()
  return hubDrill(world, {
    async prepare() {
      await world.check()
      before = refusals()
    },
    async act() {
      wasRefused = false
      await using daemon = new DaemonProcess(world, 'late', ['--one-shot'])
      daemon.start(token)
      // Without an answer it tries again, for a minute.
      await Promise.race([daemon.running.exited, daemon.sees(/no answer yet/), world.hub.exited])
      wasRefused = /has been used already/.test(daemon.running.stderr)
    },
    restart: () => world.restartHub(),
    async check() {
      await world.check()
      const events = refusals() - before
      if (events > 1 || (wasRefused && events < 1)) {
        throw new Error(`${events} events of a join that was refused (told: ${wasRefused})`)
      }
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  })
}

/** A daemon joins, goes on asking while the hub is away, and has one instance in the end. */
async function openJoin(place: HubPlace): Promise<Drill> {
  const world = await World.openWithBot(place)
  let count = 0
  let token = ''
  let daemon = new DaemonProcess(world, 'bot-0', [])
  return hubDrill(world, {
    async prepare() {
      await daemon[Symbol.asyncDispose]()
      rmSync(daemon.destination, { recursive: true, force: true })
      daemon = new DaemonProcess(world, `bot-${++count}`, [])
      token = await world.newToken()
    },
    async act() {
      daemon.start(token)
      await Promise.race([daemon.settled(), world.hub.exited])
    },
    restart: () => world.restartHub(),
    async check() {
      await daemon.settled()
      await daemon.checkRenewed()
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  })
}

/** A daemon renews, and lives through it all. */
async function openRenew(place: HubPlace): Promise<Drill> {
  await using opening = new AsyncDisposableStack()
  const world = opening.use(await World.openWithBot(place))
  const daemon = opening.use(new DaemonProcess(world, 'bot', []))
  daemon.start(await world.newToken())
  await daemon.settled()
  const watch = opening.use(new PairWatch(daemon.destination, 'names'))
  const open = opening.move()
  let before = 0
  return hubDrill(world, {
    async prepare() {
      daemon.ageGenerations()
      before = daemon.publications
    },
    async act() {
      await Promise.race([daemon.renew(), world.hub.exited])
    },
    restart: () => world.restartHub(),
    async check() {
      // It would try again by itself after a while.
      if (daemon.publications === before) await daemon.renew()
      await daemon.renew()
      await daemon.checkRenewed()
      watch.check()
    },
    control: () => controlCopy(world, daemon, world.directory.join('copy')),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  })
}
