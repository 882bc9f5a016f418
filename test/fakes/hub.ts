/** A whole hub with both doors open, on a clock that stands still at the real now. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createHubServer,
  type HubServer,
  type HubServerOptions,
} from '../../src/auth/rpc/server.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { LogFields } from '../../src/base/log.ts'
import { type AdminClient, openAdminClient } from '../../src/client/admin-client.ts'
import type { ClientCredential, HubAddress } from '../../src/client/identity-hub.ts'
import { openTestAuth, type TestAuth } from './auth.ts'
import { keyPair } from './tls.ts'

export interface TestHub extends AsyncDisposable {
  readonly auth: TestAuth
  readonly server: HubServer
  readonly address: HubAddress
  readonly socketPath: string
  readonly logged: { readonly fields: LogFields; readonly message: string }[]
  /** Over the unix socket. */
  readonly local: AdminClient
}

/** @param clockOf what the hub has for a clock; left out: one on which nothing in the background wakes */
export async function openTestHub(
  clockOf: (clock: Clock) => Clock = patient,
  options: Pick<HubServerOptions, 'mostConnections' | 'requestTimeoutMs'> = {},
): Promise<TestHub> {
  const auth = await openTestAuth()
  // OpenSSL judges certificates by the real clock.
  auth.clock.step(Date.now() - auth.clock.now())
  const logged: TestHub['logged'] = []
  const error = (fields: LogFields, message: string) => void logged.push({ fields, message })
  const context = { ...auth.context, clock: clockOf(auth.clock) }
  const server = createHubServer({
    ...{ auth: { ...auth, context }, version: '1.2.3', log: { error } },
    ...options,
  })
  const directory = await mkdtemp(join(tmpdir(), 'mezite-hub-'))
  const socketPath = join(directory, 'hub.sock')
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  await server.listenLocally(socketPath)
  const local = await openAdminClient({ kind: 'unix', path: socketPath })
  return {
    auth,
    server,
    address,
    socketPath,
    logged,
    local,
    async [Symbol.asyncDispose]() {
      local.close()
      await server.close(0)
      await auth[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}

/** Nothing that waits in the background moves this clock, or is woken by it. */
function patient(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (_milliseconds, signal) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      ),
  }
}

export async function createAdmin(hub: TestHub, name: string): Promise<ClientCredential> {
  const { privateKey, spki } = keyPair()
  const { certificate } = await hub.local.admins.createAdmin({ name, publicKey: spki })
  return { privateKey, certificate: Buffer.from(certificate) }
}

/** An admin's client over TLS. */
export function openRemote(hub: TestHub, credential: ClientCredential): Promise<AdminClient> {
  return openAdminClient({
    kind: 'tls',
    address: hub.address,
    trust: { kind: 'tls-ca', certificates: [hub.auth.context.authorities.tls.certificate.der] },
    credential,
    clock: hub.auth.clock,
  })
}
