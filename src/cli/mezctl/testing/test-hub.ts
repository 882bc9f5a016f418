/** A real hub in this process, in a directory that goes away with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock } from '../../../../test/fakes/clock.ts'
import { expectKnownEvents } from '../../../../test/fakes/known-events.ts'
import { type Auth, createAuth } from '../../../auth/auth.ts'
import { openAuthorities } from '../../../auth/authorities.ts'
import { createHubServer } from '../../../auth/rpc/server.ts'
import { createKeySealer } from '../../../auth/sealed-key.ts'
import { openSqliteStore } from '../../../auth/store/sqlite/open.ts'
import { type Clock, systemClock } from '../../../base/clock.ts'
import { systemRandom } from '../../../base/random.ts'
import { runInTest, type TestResult, type TestWorld } from '../../testing/run-in-test.ts'
import { mezctl } from '../program.ts'

export interface TestHub extends AsyncDisposable {
  readonly auth: Auth
  readonly clock: Clock
  /** Holds `hub.sock`. */
  readonly directory: string
  /** Where it listens on the network; undefined where it doesn't. */
  readonly address: string | undefined
  /** Runs `mezctl` on the hub's machine. */
  mezctl(argv: readonly string[], world?: TestWorld): Promise<TestResult>
}

/** On its unix socket alone, at 14:00 on 2026-03-24. */
export async function startTestHub(): Promise<TestHub> {
  return await startHub(new FakeClock(), false)
}

/** On the network too, today: TLS knows no other time. */
export async function startNetworkTestHub(): Promise<TestHub> {
  return await startHub(systemClock, true)
}

async function startHub(clock: Clock, onNetwork: boolean): Promise<TestHub> {
  const directory = await mkdtemp(join(tmpdir(), 'mezite-hub-'))
  const random = systemRandom
  const uid = process.getuid?.() ?? 0
  const store = await openSqliteStore({ directory, clock, random, pid: process.pid, uid })
  const checkEvents = expectKnownEvents(store)
  const sealer = createKeySealer(undefined, random)
  const sshKeyType = 'ssh-ed25519'
  const authorities = await openAuthorities({ store, clock, random, sealer, sshKeyType })
  const publicAddress = () => 'mezite.example.com:3025'
  const auth = await createAuth({ store, clock, random, authorities, publicAddress })
  const server = createHubServer({ auth, version: '1.2.3', log: { error() {} } })
  await server.listenLocally(join(directory, 'hub.sock'))
  const bound = onNetwork ? await server.listen({ host: '127.0.0.1', port: 0 }) : undefined
  return {
    auth,
    clock,
    directory,
    address: bound && `127.0.0.1:${bound.port}`,
    mezctl: (argv, world = {}) =>
      runInTest(mezctl, argv, {
        clock,
        ...world,
        env: { MEZITE_DATA_DIR: directory, ...world.env },
      }),
    async [Symbol.asyncDispose]() {
      await server.close(0)
      auth.board.close()
      await store.close()
      await rm(directory, { recursive: true })
      checkEvents()
    },
  }
}
