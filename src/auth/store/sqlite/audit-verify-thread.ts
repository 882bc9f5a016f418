/** A thread that verifies the log on a connection of its own, so that the hub doesn't wait for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../../base/errors.ts'
import { trustOf } from '../../audit-checkpoint.ts'
import { AuditDamage } from '../../audit-damage.ts'
import { verifyLog } from '../audit-verify.ts'
import type { FromVerifier, VerifierData } from './audit-verify-messages.ts'
import { Connection } from './connection.ts'

/** It reads in write-ahead mode, which waits for no writer. */
const BUSY_TIMEOUT_MS = 1_000

async function serve({ path, clusterId, keys, held }: VerifierData): Promise<void> {
  const send = (message: FromVerifier) => parentPort?.postMessage(message)
  const database = new Connection(path, { readOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS })
  try {
    const request = { trust: trustOf(clusterId, keys), held: held && withBuffers(held) }
    const verified = await verifyLog(database, request, (events) =>
      send({ kind: 'progress', events }),
    )
    send({ kind: 'verified', verified })
  } catch (error) {
    if (error instanceof AuditDamage) {
      const { code, sequence, message, hint } = error
      send({ kind: 'damaged', damage: { code, sequence, message, hint } })
    } else {
      send({ kind: 'failed', message: messageOf(error) })
    }
  } finally {
    database.close()
  }
}

/** Bytes cross as plain arrays of them. */
function withBuffers(held: NonNullable<VerifierData['held']>) {
  return { ...held, hash: Buffer.from(held.hash), signature: Buffer.from(held.signature) }
}

await serve(workerData)
