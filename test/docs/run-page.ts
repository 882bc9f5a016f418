import { it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { matchOutput, type Samples, withSamples } from './expected.ts'
import { readCheckout } from './machine.ts'
import { type CommandStep, type FileStep, parsePage, type Step } from './page.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

export interface PageOptions extends WorldOptions {
  /** A file of docs/. */
  readonly page: string
  /** Is told of the machines before the page begins. What it gives back ends with them. */
  readonly onStart?: (world: World) => Promise<AsyncDisposable>
  /** Is told of each file once it is there. */
  readonly onFile?: (file: FileStep, world: World, samples: Samples) => Promise<void>
}

const UNTIL_MS = 20_000
const PAUSE_MS = 200

/** Runs a page from top to bottom, up to the first step that fails. */
export function testPage(options: PageOptions): void {
  const { page } = options
  requirePrograms('sshd', 'ssh', 'scp', 'ssh-keygen', 'unshare', 'nsenter', 'mount', 'useradd')
  requirePrograms('ip', 'jq')
  requireRoot()
  it(`docs/${page} does what it says`, async (test) => {
    await using world = await startWorld(options)
    await using _prepared = await options.onStart?.(world)
    const run = new PageRun(options, world)
    for (const step of parsePage(readCheckout(`docs/${page}`))) {
      let isDone = false
      await test.test(titleOf(step), async () => {
        await run.do(step)
        isDone = true
      })
      if (!isDone) break
    }
  })
}

class PageRun {
  readonly #options: PageOptions
  readonly #world: World
  readonly #samples = new Map<string, string>()

  constructor(options: PageOptions, world: World) {
    this.#options = options
    this.#world = world
  }

  async do(step: Step): Promise<void> {
    if (step.kind === 'commands') await this.#type(step)
    else await this.#write(step)
  }

  async #type(step: CommandStep): Promise<void> {
    const { machine, exitCode, output, isRepeated } = step
    const commands = withSamples(step.commands, this.#samples)
    const end = systemClock.monotonic() + UNTIL_MS
    for (;;) {
      const { code, stdout } = await this.#world.machine(machine).type(commands)
      const learnt = output === undefined ? new Map() : matchOutput(output, stdout, this.#samples)
      if (code === exitCode && learnt !== undefined) {
        for (const [sample, real] of learnt) this.#samples.set(sample, real)
        return
      }
      if (!isRepeated || systemClock.monotonic() > end) {
        throw new Error(
          `docs/${this.#options.page}:${step.line} is not what happens on ${machine}\n` +
            `--- it printed, and ended with ${code}\n${stdout}` +
            `--- the page shows, ending with ${exitCode}\n${output ?? '(anything)'}`,
        )
      }
      await systemClock.sleep(PAUSE_MS)
    }
  }

  async #write(step: FileStep): Promise<void> {
    const content = withSamples(step.content, this.#samples)
    await this.#world.machine(step.machine).write(step.path, content)
    await this.#options.onFile?.(step, this.#world, this.#samples)
  }
}

function titleOf(step: Step): string {
  const what = step.kind === 'file' ? step.path : (step.commands.split('\n')[0] ?? '')
  return `line ${step.line}, ${step.machine}: ${what}`
}
