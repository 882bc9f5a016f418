/** What an administrator sees meanwhile: `mezctl`, whole, and one call on a connection that stands. */
import { systemClock } from '../../src/base/clock.ts'
import { openAdminClient } from '../../src/client/admin-client.ts'
import type { ScaleHub } from '../scale/hub.ts'

const PAGE = '--limit=50'
const CALL_EVERY_MS = 100

export interface Waits {
  /** Milliseconds of `mezctl bots ls`, from its start to its end. */
  readonly commands: readonly number[]
  /** Of ListBots over the unix socket. */
  readonly calls: readonly number[]
}

/** Lists bots again and again, one after the other, until `act` is over. */
export async function listDuring(hub: ScaleHub, act: () => Promise<unknown>): Promise<Waits> {
  const commands: number[] = []
  const calls: number[] = []
  const admin = await openAdminClient({ kind: 'unix', path: hub.directory.join('hub', 'hub.sock') })
  let isOver = false
  const repeat = async (times: number[], once: () => Promise<unknown>, pauseMs: number) => {
    while (!isOver) {
      const start = systemClock.monotonic()
      await once()
      times.push(systemClock.monotonic() - start)
      await systemClock.sleep(pauseMs)
    }
  }
  const listing = Promise.all([
    repeat(commands, () => hub.mezctl('bots', 'ls', PAGE), 0),
    repeat(calls, () => admin.bots.listBots({ pageSize: 50 }), CALL_EVERY_MS),
  ])
  try {
    await Promise.race([act(), listing])
  } finally {
    isOver = true
  }
  await listing
  admin.close()
  return { commands, calls }
}
