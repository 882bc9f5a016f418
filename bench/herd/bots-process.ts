/** A process that simulates many bots. It gives way to the hub: theirs would be other machines. */
import { getPriority, setPriority } from 'node:os'
import { messageOf } from '../../src/base/errors.ts'
import { HubError } from '../../src/client/identity-hub.ts'
import { type Bot, startBot } from './bot.ts'
import { type Answer, order, type Renewal } from './orders.ts'

const NICE = 10

let bots: readonly Bot[] = []
let watching = 0
const renewals: Renewal[] = []
const failures: Record<string, number> = {}
/** Without the hub all fails; that isn't counted. */
const NO_HUB = 'ECONNREFUSED'

function failed(what: string, error: unknown): void {
  const why =
    error instanceof HubError ? (error.hubCode ?? `${error.code} (${error.message})`) : 'defect'
  if (messageOf(error) === NO_HUB) return
  const name = `${what}: ${why === 'defect' ? messageOf(error) : why}`
  failures[name] = (failures[name] ?? 0) + 1
}

async function obey(message: unknown): Promise<Answer> {
  const given = order.parse(message)
  if (given.kind === 'begin') {
    setPriority(Math.min(19, getPriority() + NICE))
    const { members, ...options } = given
    bots = members.map((member) =>
      startBot(member, {
        ...options,
        onFailure: failed,
        onWatching: (change) => {
          watching += change
        },
      }),
    )
    for (const { renewed } of bots) void renewed.then((renewal) => renewals.push(renewal))
    return { kind: 'begun' }
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, given.patienceMs)
  await Promise.race([promise, Promise.all(bots.map(({ renewed }) => renewed))])
  clearTimeout(timer)
  const missing = bots.length - renewals.length
  return { kind: 'done', renewals, missing, watching, failures }
}

process.on('message', (message) => {
  obey(message)
    .catch((error: unknown): Answer => ({ kind: 'failed', message: messageOf(error) }))
    .then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
