/** The daemon is killed: in its first start, in renewals, in a one-shot. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '../../e2e/harness/wait.ts'
import { DaemonProcess } from './daemon-process.ts'
import type { Drill, Scene } from './drill.ts'
import { checkPublished, type HowToRead, PairWatch } from './pair-watch.ts'
import type { HubPlace } from './place.ts'
import { BOT, World } from './world.ts'

export const daemonFirstStart: Scene = {
  name: 'daemon-first-start',
  starts: true,
  hasRecords: true,
  open: async (place) => openStart(await World.openWithBot(place)),
}

export const daemonRenewal: Scene = {
  name: 'daemon-renewal',
  starts: false,
  hasRecords: true,
  open: (place) => openRenewal(place, [], 'names'),
}

export const daemonKeyRotation: Scene = {
  name: 'daemon-key-rotation',
  starts: false,
  hasRecords: true,
  open: (place) => openRenewal(place, ['--key-lifetime=0s'], 'config'),
}

export const daemonOneShot: Scene = {
  name: 'daemon-one-shot',
  starts: true,
  hasRecords: true,
  open: async (place) => openOneShot(await World.openWithBot(place)),
}

function openStart(world: World): Drill {
  let count = 0
  let token = ''
  let daemon = new DaemonProcess(world, 'bot-0', [])
  return {
    world,
    roots: () => daemon.roots(true),
    victim: () => daemon.child,
    async prepare() {
      rmSync(daemon.destination, { recursive: true, force: true })
      daemon = new DaemonProcess(world, `bot-${++count}`, [])
      token = await world.newToken()
    },
    async act(strace) {
      daemon.start(token, strace)
      await daemon.settled()
    },
    restart: () => daemon.restart(token),
    async check() {
      await daemon.checkRenewed()
      await daemon[Symbol.asyncDispose]()
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

async function openRenewal(
  place: HubPlace,
  flags: readonly string[],
  how: HowToRead,
): Promise<Drill> {
  await using opening = new AsyncDisposableStack()
  const world = opening.use(await World.openWithBot(place))
  const daemon = opening.use(new DaemonProcess(world, 'bot', flags))
  daemon.start(await world.newToken())
  await daemon.settled()
  const watch = opening.use(new PairWatch(daemon.destination, how))
  const open = opening.move()
  const copy = world.directory.join('copy')
  return {
    world,
    roots: () => daemon.roots(false),
    victim: () => daemon.child,
    async prepare() {
      daemon.ageGenerations()
    },
    act: () => daemon.renew(),
    restart: () => daemon.restart(),
    async check() {
      await daemon.checkSettled()
      watch.check()
      // With the keys that the kill has left pending, if it has.
      await daemon.renew()
      await daemon.checkRenewed()
      watch.check()
    },
    control: () => controlCopy(world, daemon, copy),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** A real copy of the credential is used twice: whoever comes second locks the instance. */
export async function controlCopy(world: World, owner: DaemonProcess, copy: string): Promise<void> {
  // The daemon may still write what is of no matter here: a copy of the whole would meet a file that goes.
  mkdirSync(copy, { mode: 0o700 })
  copyFileSync(join(owner.destination, '.state', 'identity.json'), join(copy, 'identity.json'))
  await owner.renew()
  await using thief = new DaemonProcess(world, 'thief', [`--state-dir=${copy}`])
  thief.start()
  await thief.settled()
  thief.running.signal('SIGHUP')
  const { running } = thief
  await waitFor(() => running.exit ?? /could not renew/.test(running.stderr), {
    what: 'the copy to be refused',
    context: () => running.stderr,
  })
  const { instanceId } = await owner.identity()
  const locks = await world.read((readers) => readers.locks.listForBot(BOT))
  if (!locks.some(({ target }) => target.kind === 'instance' && target.instanceId === instanceId)) {
    throw new Error(`a copy was used a second time, and nothing is locked:\n${running.stderr}`)
  }
}

function openOneShot(world: World): Drill {
  let count = 0
  let token = ''
  let daemon = new DaemonProcess(world, 'shot-0', ['--one-shot'])
  return {
    world,
    roots: () => daemon.roots(true),
    victim: () => daemon.child,
    async prepare() {
      rmSync(daemon.destination, { recursive: true, force: true })
      daemon = new DaemonProcess(world, `shot-${++count}`, ['--one-shot'])
      token = await world.newToken()
    },
    async act(strace) {
      daemon.start(token, strace)
      await daemon.running.exited
    },
    async restart() {
      // Its keys are gone with it, so the token may be used up; it says so, and another one serves.
      daemon.start(token)
      const { code } = await daemon.running.exited
      if (code !== 0) {
        const { stderr } = daemon.running
        if (!/has been used already/.test(stderr)) throw new Error(stderr)
        daemon.start(await world.newToken())
        const again = await daemon.running.exited
        if (again.code !== 0) throw new Error(daemon.running.stderr)
      }
    },
    async check() {
      await checkPublished(daemon.destination)
      await world.check()
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}
