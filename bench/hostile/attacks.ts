/** What hubs are attacked with: see test/faults/hostile. */
import { FLOODS, type Flood, floodOnce, HALF_MESSAGES } from '../../test/faults/hostile/floods.ts'
import { guess } from '../../test/faults/hostile/guesses.ts'
import {
  type Attacker,
  openHttp2,
  openTcp,
  openTls,
  type RawConnection,
} from '../../test/faults/hostile/raw-connection.ts'
import { IDLE, SLOW } from '../../test/faults/hostile/slow.ts'
import type { Attack, Stage } from './scene.ts'

const CONNECTIONS = 10_000
/** Made at the same time. */
const BATCH = 100
const FLOODING = 32
const GUESSES = 20

export const ATTACKS: Readonly<Record<string, Attack>> = {
  none: async () => {},
  'connections that say nothing, one address': many(openTcp, () => 0),
  'connections that say nothing, 10,000 addresses': many(openTcp, (i) => i),
  'connections idle after TLS, 40 addresses': many(openTls, (i) => i % 40),
  'connections idle after TLS, 10,000 addresses': many(openTls, (i) => i),
  'connections idle in HTTP/2, 10,000 addresses': many(openHttp2, (i) => i),
  'connections with half messages, 10,000 addresses': many(openHalf, (i) => i),
  ...Object.fromEntries(
    Object.entries(FLOODS).map(([name, flood]) => [`a flood ${name}`, floodsOf(flood)]),
  ),
  'slow in every way, to their end': slowly,
  'guessed tokens, 20 from each address': guesses,
}

/** Ten thousand connections, kept; those that the hub closes are made anew. */
function many(
  open: (attacker: Attacker) => Promise<RawConnection>,
  addressOf: (connection: number) => number,
): Attack {
  return async (stage) => {
    const connections: RawConnection[] = []
    for (let i = 0; !stage.signal.aborted; i += BATCH) {
      const made = await Promise.all(
        Array.from({ length: BATCH }, (_, j) => {
          const number = (i + j) % CONNECTIONS
          connections[number]?.[Symbol.dispose]()
          return open(stage.from(addressOf(number)))
        }),
      )
      for (const [j, connection] of made.entries()) {
        connections[(i + j) % CONNECTIONS] = connection
        stage.opened(connection)
      }
    }
    for (const connection of connections) connection[Symbol.dispose]()
  }
}

async function openHalf(attacker: Attacker): Promise<RawConnection> {
  const connection = await openHttp2(attacker)
  await connection.write(HALF_MESSAGES)
  return connection
}

/** Half of them from strangers, half from a bot; one that is ended begins anew. */
function floodsOf(flood: Flood): Attack {
  return async (stage) => {
    const one = async (attacker: Attacker) => {
      while (!stage.signal.aborted) {
        const flooding = floodOnce(attacker, flood)
        stage.opened(flooding.then(() => {}))
        await flooding
      }
    }
    await Promise.all(
      Array.from({ length: FLOODING }, (_, i) => one(i % 2 === 0 ? stage.from(i) : stage.thief)),
    )
  }
}

async function slowly(stage: Stage): Promise<void> {
  const opening = Object.values({ ...SLOW, ...IDLE }).flatMap((open, i) => [
    ...Array.from({ length: 20 }, (_, j) => open(stage.from(20 * i + j))),
    open(stage.thief),
  ])
  const connections = await Promise.all(opening)
  for (const connection of connections) stage.opened(connection)
  await Promise.all(connections.map(({ closed }) => closed))
}

async function guesses(stage: Stage): Promise<void> {
  let address = 0
  const one = async () => {
    while (!stage.signal.aborted) {
      const guessing = guess(stage.from(address++), GUESSES)
      stage.opened(guessing.then(() => {}))
      await guessing
    }
  }
  await Promise.all(Array.from({ length: FLOODING }, one))
}
