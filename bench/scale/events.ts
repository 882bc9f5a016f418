/** Locks and role edits, and when each has reached every agent. */
import { writeFileSync } from 'node:fs'
import { systemClock } from '../../src/base/clock.ts'
import { textAt } from '../../test/e2e/harness/cluster.ts'
import type { Agents } from './agents.ts'
import { botName, type FleetSize, roleText } from './fleet.ts'
import type { ScaleHub } from './hub.ts'
import { cpuTime } from './usage.ts'

/** One thing done with `mezctl`, and its way to the agents. Milliseconds. */
export interface Event {
  /** From the command's return to the last agent; 0 where they all had it before. */
  readonly lastAfterReturn: number
  /** From the first agent to the last. */
  readonly spread: number
  /** The hub's CPU, of all threads, less what it needs anyway. */
  readonly cpu: number
  /** KB to each agent. */
  readonly size: number
}

export interface EventScene {
  readonly hub: ScaleHub
  readonly agents: Agents
  readonly size: FleetSize
  /** The share of a core that the hub needs when nothing happens. */
  readonly idleCpu: number
}

export interface Events {
  readonly locks: readonly Event[]
  readonly unlocks: readonly Event[]
  readonly edits: readonly Event[]
}

/** A pause, so that one event's CPU isn't the next one's. */
const SETTLE_MS = 300

export async function measureEvents(scene: EventScene, rounds: number): Promise<Events> {
  const { hub, size } = scene
  const locks: Event[] = []
  const unlocks: Event[] = []
  const edits: Event[] = []
  const file = hub.directory.join('role.yaml')
  for (let round = 0; round < rounds; round++) {
    // Of those with the first role, which reaches every node.
    const bot = botName(round * size.roles)
    const principal = `bot:${bot}`
    let lock = ''
    locks.push(
      await measureEvent(scene, [principal], async () => {
        const words = [`--bot=${bot}`, '--message=drill', '--format=json']
        const done = await hub.mezctl('locks', 'add', ...words)
        lock = textAt(JSON.parse(done.stdout), 'lock', 'id')
        return done
      }),
    )
    unlocks.push(await measureEvent(scene, [principal], () => hub.mezctl('locks', 'rm', lock)))
    const login = `edit-${round}-`
    writeFileSync(file, roleText(0, size.wideRoles, `${login}x`))
    edits.push(await measureEvent(scene, [login], () => hub.mezctl('roles', 'update', file)))
  }
  return { locks, unlocks, edits }
}

async function measureEvent(
  { hub, agents, size, idleCpu }: EventScene,
  texts: readonly string[],
  act: () => Promise<{ readonly returnedAt: number }>,
): Promise<Event> {
  let returnedAt = 0
  const start = systemClock.monotonic()
  const before = cpuTime(hub.pid)
  const { times, bytes } = await agents.arrivalsOf(texts, async () => {
    returnedAt = (await act()).returnedAt
  })
  await systemClock.sleep(SETTLE_MS)
  const idle = idleCpu * (systemClock.monotonic() - start)
  const first = times[0] ?? Number.NaN
  const last = times.at(-1) ?? Number.NaN
  return {
    lastAfterReturn: Math.max(0, last - returnedAt),
    spread: last - first,
    cpu: cpuTime(hub.pid) - before - idle,
    size: bytes / size.agents / 1_024,
  }
}
