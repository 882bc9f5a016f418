/** Fills an audit log as a cluster of some years would, through the store itself. */
import { mkdirSync } from 'node:fs'
import { createAudit } from '../../src/auth/audit.ts'
import type { AuditEvent } from '../../src/auth/audit-event.ts'
import { openAuthorities } from '../../src/auth/authorities.ts'
import { createKeySealer } from '../../src/auth/sealed-key.ts'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { DAY, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'

/** The time that the log covers. */
export const SPAN = 40 * DAY
export const BOTS = 1_000
export const NODES = 100
/** A bot that was seen at the beginning, and never again. */
export const RARE_BOT = 'rare'

/** So many events are one act, and so many acts one checkpoint. */
const GROUP = 5_000
const SIGNED_EVERY = 2

export async function fillLog(directory: string, count: number): Promise<void> {
  mkdirSync(directory, { mode: 0o700 })
  const [clock, random] = [systemClock, systemRandom]
  const { pid } = process
  const store = await openSqliteStore({
    ...{ directory, clock, random, pid, uid: process.getuid?.() ?? 0 },
  })
  try {
    const sealer = createKeySealer(undefined, random)
    const start = clock.now() - SPAN
    // An event that is younger than those after it would keep them from being pruned.
    const authorities = await openAuthorities({
      ...{ store, clock: { ...clock, now: () => start }, random, sealer },
      sshKeyType: 'ssh-ed25519',
    })
    const publicAddress = () => 'hub.example:3025'
    const { signing } = createAudit({ store, clock, random, authorities, publicAddress })
    for (let done = 0; done < count; done += GROUP) {
      const numbers = Array.from({ length: Math.min(GROUP, count - done) }, (_, i) => done + i)
      const events = numbers.map((number) => eventAt(number, start + (SPAN * number) / count))
      await store.commit({ changes: [], events })
      if ((done / GROUP) % SIGNED_EVERY === 0) await signing.checkpoint()
    }
    await signing.checkpoint()
  } finally {
    await store.close()
  }
}

/** Seven renewals, a session that begins and ends, and something else. */
function eventAt(number: number, at: number): AuditEvent {
  const time = Math.floor(at)
  const bot = number < 3 ? RARE_BOT : botAt(number)
  const instanceId = instanceOf(bot)
  const ten = Math.floor(number / 10)
  const node = nodeAt(ten)
  const success = 'success' as const
  const renewed = { generation: String(Math.floor(number / BOTS) + 1), serial: String(number) }
  const session = {
    ...{ session: `${node}/${ten}`, node, login: 'deploy' },
    ...{ serial: String(number), client_address: '192.0.2.7', started_at: String(time) },
  }
  switch (number % 10) {
    case 7:
      return {
        ...{ time, type: 'session.start', outcome: success, actor: `node:${node}` },
        ...{ address: '192.0.2.10', bot, instanceId, fields: session },
      }
    case 8:
      return {
        ...{ time, type: 'session.end', outcome: success, actor: `node:${node}` },
        ...{ address: '192.0.2.10', bot, instanceId },
        fields: { ...session, ended_at: String(time), duration: '1m', reason: 'closed' },
      }
    case 9:
      return otherAt(number, time, bot, instanceId)
    default:
      return {
        ...{ time, type: 'bot.renew', outcome: success, actor: `bot:${bot}` },
        ...{ address: '192.0.2.7', bot, instanceId, fields: renewed },
      }
  }
}

function otherAt(number: number, time: number, bot: string, instanceId: string): AuditEvent {
  if (number % 100 === 9) {
    return {
      ...{ time, type: 'bot.renew', outcome: 'refused', actor: `bot:${bot}` },
      ...{ address: '198.51.100.9', bot, instanceId },
      fields: { reason: 'locked', presented_generation: '7' },
    }
  }
  if (number % 1_000 === 19) {
    const fields = { role: 'ci-deployer', revision: String(number) }
    const actor = 'admin:alice'
    return { time, type: 'role.update', outcome: 'success', actor, address: '192.0.2.1', fields }
  }
  const node = nodeAt(number)
  return {
    ...{ time, type: 'node.renew', outcome: 'success', actor: `node:${node}` },
    ...{ address: '192.0.2.10', instanceId: instanceOf(node) },
    fields: { node, generation: String(number), serial: String(number) },
  }
}

export function botAt(number: number): string {
  return `bot-${String((number * 7 + Math.floor(number / 10)) % BOTS).padStart(4, '0')}`
}

export function nodeAt(number: number): string {
  return `node-${String((number * 7) % NODES).padStart(3, '0')}`
}

export function instanceOf(name: string): string {
  const digits = Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32)
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}
