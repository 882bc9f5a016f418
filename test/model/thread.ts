/**
 * Explorations in a thread of their own, one after the other: the test runner follows every promise of its
 * own thread, which makes them half as slow again.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { JoinTokenKind } from '../../src/trust/join-token.ts'
import type { Exploration } from './explore.ts'
import { ModelHub } from './hub.ts'
import { MUTANTS } from './mutants/mutants.ts'
import { exploreScope, type Scope } from './scopes.ts'

interface Job {
  readonly kind: JoinTokenKind
  readonly scope: Scope
  /** The name of the mutant that is explored, if it isn't production. */
  readonly mutant: string | undefined
}

export class ExplorerThread implements AsyncDisposable {
  readonly #worker = new Worker(import.meta.filename)

  /** One at a time. @throws what has ended the thread */
  async explore(kind: JoinTokenKind, scope: Scope, mutant?: string): Promise<Exploration> {
    const job: Job = { kind, scope, mutant }
    this.#worker.postMessage(job)
    const [exploration] = await once(this.#worker, 'message')
    return exploration
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

/** What the hub has answered once is good for every scope. */
const hubs = new Map<JoinTokenKind, ModelHub>()

async function run({ kind, scope, mutant }: Job): Promise<Exploration> {
  if (mutant !== undefined) {
    const { hub: mutation, daemon } = MUTANTS.find(({ name }) => name === mutant) ?? {}
    await using hub = await ModelHub.open(kind, mutation)
    return await exploreScope(scope, hub, daemon)
  }
  const hub = hubs.get(kind) ?? (await ModelHub.open(kind))
  hubs.set(kind, hub)
  return exploreScope(scope, hub)
}

if (!isMainThread) {
  parentPort?.on('message', async (job: Job) => parentPort?.postMessage(await run(job)))
}
