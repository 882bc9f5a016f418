import { write } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { SinkPlace } from '../../auth/audit-sink.ts'
import { systemErrorCode } from '../../base/errors.ts'

const writeOnce = promisify(write)
const STDOUT = 1
const AGAIN_MS = 10

/**
 * Standard output. What was written there before, nobody can tell, so it gets what happens from the
 * hub's start on. It is written to beside the hub's own thread: a reader that hangs holds up nothing
 * else.
 */
export function createStdoutSink(): SinkPlace {
  return {
    description: 'standard output',
    begins: 'now',
    open: async () => '',
    async write(text) {
      let rest = Buffer.from(text)
      while (rest.length > 0) {
        try {
          const { bytesWritten } = await writeOnce(STDOUT, rest, 0, rest.length, null)
          rest = rest.subarray(bytesWritten)
        } catch (error) {
          if (systemErrorCode(error) !== 'EAGAIN') throw error
          await delay(AGAIN_MS)
        }
      }
    },
    close: async () => {},
  }
}
