/** mezd identity as its user types it, with a hub that lets it join as often as it likes. */
import { after, before } from 'node:test'
import { type Child, startChild } from '../../e2e/harness/child.ts'
import { type Cluster, startCluster } from '../../e2e/harness/cluster.ts'
import { PROGRAMS, type RunResult, run, testEnvironment } from '../../e2e/harness/run.ts'
import { asUser, OWNER, type User } from './users.ts'

export interface StartOptions {
  readonly user?: User
  readonly umask?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Bot {
  /** The words of `mezd identity start`. */
  command(...flags: readonly string[]): readonly string[]
  /** Once, and to its end, which is soon. */
  oneShot(destination: string, options?: StartOptions): Promise<RunResult>
  /** To its end: for what refuses to start. */
  refused(destination: string, options?: StartOptions): Promise<RunResult>
  daemon(destination: string, options?: StartOptions): Child
}

/** For all tests of a file. */
export function useBot(): Bot {
  let cluster: Cluster
  let token = ''
  before(async () => {
    cluster = await startCluster({ logins: ['deploy'] })
    token = await cluster.newToken('--token-uses=1000')
  })
  after(() => cluster[Symbol.asyncDispose]())

  const command = (...flags: readonly string[]) => [
    ...[`${PROGRAMS}/mezd`, 'identity', 'start', `--auth-server=${cluster.hub.address}`],
    ...[`--join-token=${token}`, ...flags],
  ]
  const as = ({ user = OWNER, umask }: StartOptions, words: readonly string[]) =>
    asUser(user, words, umask)
  const environment = ({ env }: StartOptions) => ({ ...testEnvironment('/nonexistent'), ...env })
  return {
    command,
    oneShot: (destination, options = {}) =>
      run(as(options, command(`--destination=${destination}`, '--one-shot')), {
        env: environment(options),
      }),
    refused: (destination, options = {}) =>
      run(as(options, command(`--destination=${destination}`)), {
        env: environment(options),
        timeoutMs: 20_000,
      }),
    daemon: (destination, options = {}) =>
      startChild(as(options, command(`--destination=${destination}`)), {
        env: environment(options),
      }),
  }
}
