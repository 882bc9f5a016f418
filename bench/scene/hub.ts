/** A `mezhub` of its own, with the bots that a measurement needs. */
import { writeFileSync } from 'node:fs'
import { systemClock } from '../../src/base/clock.ts'
import { createGrpcIdentityHub } from '../../src/client/grpc-identity-hub.ts'
import { type Child, startChild } from '../../test/e2e/harness/child.ts'
import { roleDocument, textAt } from '../../test/e2e/harness/cluster.ts'
import type { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { CHECKOUT, runOk, testEnvironment } from '../../test/e2e/harness/run.ts'

export const BENCH_LOGIN = 'deploy'
export const BENCH_ROLE = 'ci-deployer'

export interface BenchHubOptions {
  /** Its data goes to `hub` in there; what lies there already is used. */
  readonly directory: TemporaryDirectory
  /** Where its CPU profile is written when it ends. */
  readonly profileDirectory?: string | undefined
  readonly logins?: readonly string[]
  /** Further ones of `mezhub start`. */
  readonly flags?: readonly string[]
}

export class BenchHub implements AsyncDisposable {
  readonly port: number
  readonly directory: TemporaryDirectory
  /** The variables of its administrator. */
  readonly env: Record<string, string>
  readonly #child: Child

  constructor(directory: TemporaryDirectory, child: Child, port: number) {
    this.directory = directory
    this.env = environment(directory)
    this.port = port
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get socket(): string {
    return this.directory.join('hub', 'hub.sock')
  }

  /** Runs `mezctl`, which must succeed; returns what it prints. */
  async mezctl(...words: readonly string[]): Promise<string> {
    const { stdout } = await runOk([`${CHECKOUT}/bin/mezctl`, ...words], {
      env: this.env,
      timeoutMs: 600_000,
    })
    return stdout
  }

  /** Makes a bot; returns a token with which that many instances may join. */
  async addBot(name: string, uses: number): Promise<string> {
    const words = ['bots', 'add', name, `--roles=${BENCH_ROLE}`, `--token-uses=${uses}`]
    return textAt(JSON.parse(await this.mezctl(...words, '--format=json')), 'token', 'value')
  }

  /** As a bot's daemon sees it. */
  client() {
    return createGrpcIdentityHub({
      clock: systemClock,
      client: { version: '0.0.0', hostname: 'bench' },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // In good order, for the profile's sake.
    await this.#child.stop()
    await this.#child[Symbol.asyncDispose]()
  }
}

/** Starts a hub that has the role `BENCH_ROLE`. */
export async function startBenchHub(options: BenchHubOptions): Promise<BenchHub> {
  const { directory, profileDirectory, logins = [BENCH_LOGIN], flags = [] } = options
  const profiling = `--cpu-prof --cpu-prof-dir=${profileDirectory}`
  const child = startChild(
    [
      ...[`${CHECKOUT}/bin/mezhub`, 'start', `--data-dir=${directory.join('hub')}`],
      ...['--listen-addr=127.0.0.1:0', ...flags],
    ],
    {
      cwd: directory.path,
      env: {
        ...environment(directory),
        ...(profileDirectory !== undefined && { NODE_OPTIONS: profiling }),
      },
    },
  )
  const [, port] = await child.waitForStderr(/listening on 127\.0\.0\.1:(\d+)/)
  const hub = new BenchHub(directory, child, Number(port))
  const roles: unknown = JSON.parse(await hub.mezctl('roles', 'ls', '--format=json'))
  if (Array.isArray(roles) && roles.length > 0) return hub
  const file = directory.join('role.yaml')
  writeFileSync(file, benchRole(logins))
  await hub.mezctl('roles', 'create', `--from-file=${file}`)
  return hub
}

export function benchRole(logins: readonly string[] = [BENCH_LOGIN]): string {
  return roleDocument({ name: BENCH_ROLE, logins })
}

function environment(directory: TemporaryDirectory): Record<string, string> {
  return { ...testEnvironment(directory.path), MEZITE_DATA_DIR: directory.join('hub') }
}
