/** A process that simulates many agents, each on a connection of its own. */
import { messageOf } from '../../src/base/errors.ts'
import { type Agent, type Answer, order } from './orders.ts'
import { sharedTime } from './shared-clock.ts'
import { watch } from './watch.ts'

/** Handshakes that this process has under way. */
const AT_ONCE = 64

/** What each agent's message is to contain; without texts: any. */
interface Lookout {
  readonly texts: readonly Buffer[]
  readonly times: Map<number, number>
  bytes: number
  readonly all: PromiseWithResolvers<void>
}

let agents = 0
let lookout = openLookout([])

function openLookout(texts: readonly string[]): Lookout {
  const all = Promise.withResolvers<void>()
  // It is awaited later, or never.
  all.promise.catch(() => {})
  return { texts: texts.map((text) => Buffer.from(text)), times: new Map(), bytes: 0, all }
}

function received(agent: number, message: Buffer): void {
  const { texts, times, all } = lookout
  lookout.bytes += message.length
  if (times.has(agent) || !texts.every((text) => message.includes(text))) return
  times.set(agent, sharedTime())
  if (times.size === agents) all.resolve()
}

async function connectAll(port: number, credentials: readonly Agent[]): Promise<void> {
  agents = credentials.length
  const left = credentials.entries()
  const connectNext = async () => {
    for (const [number, credential] of left) {
      const first = Promise.withResolvers<void>()
      watch(
        port,
        credential,
        (message) => {
          received(number, message)
          first.resolve()
        },
        (error) => {
          first.reject(error)
          lookout.all.reject(error)
        },
      )
      await first.promise
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, connectNext))
}

async function obey(message: unknown): Promise<Answer> {
  const given = order.parse(message)
  switch (given.kind) {
    case 'connect':
      await connectAll(given.port, given.agents)
      return arrivals()
    case 'expect':
      lookout = openLookout(given.texts)
      return { kind: 'ready' }
    case 'await':
      await lookout.all.promise
      return arrivals()
  }
}

function arrivals(): Answer {
  return { kind: 'arrived', times: [...lookout.times.values()], bytes: lookout.bytes }
}

process.on('message', (message) => {
  obey(message)
    .catch((error: unknown): Answer => ({ kind: 'failed', message: messageOf(error) }))
    .then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
