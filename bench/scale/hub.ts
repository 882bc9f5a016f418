/** A real `mezhub`, and `mezctl` as its administrator types it. */
import { systemClock } from '../../src/base/clock.ts'
import { type Child, startChild } from '../../test/e2e/harness/child.ts'
import type { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { CHECKOUT, runOk, testEnvironment } from '../../test/e2e/harness/run.ts'
import { sharedTime } from './shared-clock.ts'

export class ScaleHub implements AsyncDisposable {
  readonly port: number
  readonly directory: TemporaryDirectory
  readonly #env: Record<string, string>
  readonly #child: Child

  constructor(directory: TemporaryDirectory, child: Child, port: number) {
    this.directory = directory
    this.#env = environment(directory)
    this.port = port
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid
  }

  get log(): string {
    return this.#child.stderr
  }

  /** Runs `mezctl`, which must succeed; when it had returned, by `sharedTime`, and what it printed. */
  async mezctl(...words: readonly string[]): Promise<{ returnedAt: number; stdout: string }> {
    const { stdout } = await runOk([`${CHECKOUT}/bin/mezctl`, ...words], { env: this.#env })
    return { returnedAt: sharedTime(), stdout }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // In good order, for a profile's sake.
    await this.#child.stop()
    await this.#child[Symbol.asyncDispose]()
  }
}

/**
 * Starts it on the data that lies in `hub` in there; milliseconds until it listened.
 *
 * @param nodeOptions of its process, a profiler's for instance
 * @param wantedPort left out: any free one
 */
export async function startScaleHub(
  directory: TemporaryDirectory,
  nodeOptions: string | undefined,
  wantedPort = 0,
): Promise<{ readonly hub: ScaleHub; readonly startMs: number }> {
  const start = systemClock.monotonic()
  const child = startChild(
    [
      ...[`${CHECKOUT}/bin/mezhub`, 'start', `--data-dir=${directory.join('hub')}`],
      ...[`--listen-addr=127.0.0.1:${wantedPort}`],
    ],
    {
      cwd: directory.path,
      env: {
        ...environment(directory),
        ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
      },
    },
  )
  const [, port] = await child.waitForStderr(/listening on 127\.0\.0\.1:(\d+)/)
  const startMs = systemClock.monotonic() - start
  return { hub: new ScaleHub(directory, child, Number(port)), startMs }
}

function environment(directory: TemporaryDirectory): Record<string, string> {
  return { ...testEnvironment(directory.path), MEZITE_DATA_DIR: directory.join('hub') }
}
