import { Worker } from 'node:worker_threads'
import { AuditDamage } from '../../audit-damage.ts'
import type { AuditVerification } from '../../audit-log.ts'
import type { Verified } from '../../audit-verifier.ts'
import { StoreError } from '../../storage.ts'
import type { FromVerifier, VerifierData } from './audit-verify-messages.ts'

const THREAD = new URL('./audit-verify-thread.ts', import.meta.url)

/** @throws AuditDamage, StoreError; the signal's reason when aborted */
export async function verifyInThread(
  path: string,
  { trust, held, onProgress, signal }: AuditVerification,
): Promise<Verified> {
  signal.throwIfAborted()
  const { clusterId } = trust
  const workerData: VerifierData = {
    path,
    clusterId,
    keys: trust.keys.map(({ blob }) => blob),
    held,
  }
  const { promise, resolve, reject } = Promise.withResolvers<Verified>()
  // Options for the program that this process runs (`--eval`, `--input-type`) aren't the thread's.
  const worker = new Worker(THREAD, { name: 'audit-verifier', workerData, execArgv: [] })
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  worker.on('message', (message: FromVerifier) => {
    switch (message.kind) {
      case 'progress':
        onProgress(message.events)
        break
      case 'verified':
        // Bytes cross as plain arrays of them.
        resolve({ ...message.verified, hash: Buffer.from(message.verified.hash) })
        break
      case 'damaged': {
        const { code, sequence, message: text, hint } = message.damage
        reject(new AuditDamage(code, sequence, text, { hint }))
        break
      }
      case 'failed':
        reject(failed(message.message))
        break
    }
  })
  worker.on('error', (error) => reject(failed(error.message)))
  worker.on('exit', () => reject(failed('its thread ended')))
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

function failed(why: string): StoreError {
  return new StoreError('unavailable', 'store', `the audit log could not be verified: ${why}`)
}
