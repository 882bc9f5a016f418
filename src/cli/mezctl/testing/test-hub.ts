/** A real hub in this process, in a directory that goes away with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTestAuth, type TestAuth } from '../../../../test/fakes/auth.ts'
import { createHubServer } from '../../../auth/rpc/server.ts'
import { type TestResult, type TestWorld, runInTest } from '../../testing/run-in-test.ts'
import { mezctl } from '../program.ts'

export interface TestHub extends AsyncDisposable {
  readonly auth: TestAuth
  /** Holds `hub.sock`. */
  readonly directory: string
  readonly port: number
  /** Runs `mezctl` on this hub's machine. */
  mezctl(argv: readonly string[], world?: TestWorld): Promise<TestResult>
}

export async function startTestHub(): Promise<TestHub> {
  const auth = await openTestAuth()
  const directory = await mkdtemp(join(tmpdir(), 'mezite-hub-'))
  const server = createHubServer({ auth, version: '1.2.3', log: { warn() {}, error() {} } })
  await server.listenLocally(join(directory, 'hub.sock'))
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    auth,
    directory,
    port,
    mezctl: (argv, world = {}) =>
      runInTest(mezctl, argv, {
        clock: auth.clock,
        ...world,
        env: { MEZITE_DATA_DIR: directory, ...world.env },
      }),
    async [Symbol.asyncDispose]() {
      await server.close(0)
      await auth[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}
