/** A store with many bots, made without a hub: through the store itself, in groups. */
import { mkdirSync } from 'node:fs'
import type { Act } from '../../src/auth/storage.ts'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { HOUR, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { BENCH_ROLE, benchRole } from './hub.ts'

/** So many acts share a commit. */
const GROUP = 128

/** Bots with one instance each, as if each had been added and had joined. */
export async function populate(directory: string, bots: number): Promise<void> {
  mkdirSync(directory, { mode: 0o700 })
  const store = await openSqliteStore({
    ...{ directory, clock: systemClock, random: systemRandom },
    ...{ pid: process.pid, uid: process.getuid?.() ?? 0 },
  })
  try {
    await store.commit(roleAct())
    for (let done = 0; done < bots; done += GROUP) {
      const group = Array.from({ length: Math.min(GROUP, bots - done) }, (_, i) => botAct(done + i))
      await Promise.all(group.map((act) => store.commit(act)))
    }
  } finally {
    await store.close()
  }
}

export function botName(number: number): string {
  return `bot-${String(number).padStart(6, '0')}`
}

function roleAct(): Act {
  const now = systemClock.now()
  return {
    changes: [
      {
        kind: 'insert-role',
        role: {
          ...{ name: BENCH_ROLE, description: '', document: benchRole() },
          ...{ revision: 1, createdAt: now, updatedAt: now },
        },
      },
    ],
    events: [{ time: now, type: 'role.create', outcome: 'success', actor: 'local', address: '' }],
  }
}

function botAct(number: number): Act {
  const now = systemClock.now()
  const bot = botName(number)
  const id = systemRandom.uuid()
  const of = { time: now, outcome: 'success', actor: 'local', address: '' } as const
  return {
    changes: [
      {
        kind: 'insert-bot',
        bot: {
          ...{ name: bot, roles: [BENCH_ROLE], identityTtlMs: 24 * HOUR },
          ...{ revision: 1, createdAt: now, createdBy: 'local' },
        },
      },
      {
        kind: 'insert-instance',
        instance: {
          ...{ id, bot, generation: 1n, previousKeyFingerprint: undefined },
          keyFingerprint: systemRandom.bytes(32),
          sshKeyFingerprint: systemRandom.bytes(32),
          ...{ joinedAt: now, lastSeenAt: now, certificateSerial: BigInt(number + 1) },
          ...{ certificateExpiresAt: now + HOUR, identityExpiresAt: now + 24 * HOUR },
          ...{ renewsAt: now + HOUR / 3, overdueAt: now + HOUR / 2 },
          ...{ clientVersion: '0.0.0', clientHost: bot, address: '192.0.2.7' },
        },
      },
    ],
    events: [
      { ...of, type: 'bot.create', bot },
      { ...of, type: 'bot.join', bot, instanceId: id },
    ],
  }
}
