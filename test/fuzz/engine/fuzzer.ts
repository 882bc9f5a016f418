/**
 * Coverage-guided fuzzing: an input that makes code run that no other made run is kept, and changed
 * again. One seed decides all, as long as the code under test decides nothing by chance.
 */
import { Coverage, covers, type Reach } from './coverage.ts'
import { type Material, splice } from './mutate.ts'
import { SeededRandom } from './random.ts'
import type { FuzzTarget, Verdict } from './target.ts'

export interface Finding {
  readonly input: Buffer
  readonly error: unknown
}

export interface FuzzerOptions {
  readonly target: FuzzTarget
  readonly seed: number
  /** Told of each input before it is run, for when that doesn't end. */
  readonly announce: (input: Buffer) => void
}

/** Of CPU time. What takes longer for one input is a finding. */
const LONGEST_RUN_MS = 500
/** Coverage is looked at once for so many inputs, since a look costs as much as they do. */
const BATCH = 40
const MOST_CHANGES = 6
/** To make one input shorter. */
const MOST_CUTS = 500

export class TooSlow extends Error {}

export class Fuzzer implements Disposable {
  readonly corpus: Buffer[] = []
  executions = 0
  accepted = 0
  readonly #target: FuzzTarget
  readonly #random: SeededRandom
  readonly #words: readonly Buffer[]
  readonly #announce: FuzzerOptions['announce']
  readonly #coverage = new Coverage()

  constructor({ target, seed, announce }: FuzzerOptions) {
    this.#target = target
    this.#random = new SeededRandom(seed)
    this.#words = target.words.map((word) => Buffer.from(word))
    this.#announce = announce
  }

  [Symbol.dispose](): void {
    this.#coverage[Symbol.dispose]()
  }

  /** Runs an input, and keeps it if it reaches something new. */
  async add(input: Buffer): Promise<Finding | undefined> {
    this.#coverage.look()
    const finding = await this.#try(input)
    const reach = this.#coverage.look()
    if (finding === undefined && this.#coverage.newIn(reach).size > 0) {
      this.#coverage.remember(reach)
      this.corpus.push(input)
    }
    return finding
  }

  /** Tries changed inputs for as long as `goOn` says. */
  async run(goOn: (executions: number) => boolean): Promise<Finding | undefined> {
    for (const start = this.executions; goOn(this.executions - start); ) {
      const batch = Array.from({ length: BATCH }, () => this.#change())
      this.#coverage.look()
      for (const input of batch) {
        const finding = await this.#try(input)
        if (finding !== undefined) return finding
      }
      const reach = this.#coverage.look()
      if (this.#coverage.newIn(reach).size === 0) continue
      for (const input of batch) {
        const finding = await this.add(input)
        if (finding !== undefined) return finding
      }
      // What is reached only once, as what fills a cache, is no merit of an input.
      this.#coverage.remember(reach)
    }
    return undefined
  }

  /**
   * The smallest inputs that reach all that the corpus reaches, each cut down as far as it can be for
   * as long as `goOn` says.
   */
  async minimise(goOn: () => boolean): Promise<void> {
    const inputs = [...this.corpus].sort((a, b) => a.length - b.length || a.compare(b))
    this.#coverage.forget()
    this.corpus.length = 0
    for (const input of inputs) {
      const gain = this.#coverage.newIn((await this.#reachOf(input)) ?? new Map())
      if (gain.size === 0) continue
      const short = await shorten(input, async (shorter) => {
        if (!goOn()) return false
        const reach = await this.#reachOf(shorter)
        return reach !== undefined && covers(reach, gain)
      })
      await this.add(short)
    }
  }

  /** As short as it can be made with the same error. */
  async shrink(finding: Finding): Promise<Finding> {
    let best = finding
    await shorten(finding.input, async (shorter) => {
      const again = await this.#try(shorter)
      const isSame = again !== undefined && describe(again.error) === describe(finding.error)
      if (isSame) best = again
      return isSame
    })
    return best
  }

  /** Undefined for an input that is a finding. */
  async #reachOf(input: Buffer): Promise<Reach | undefined> {
    this.#coverage.look()
    const finding = await this.#try(input)
    const reach = this.#coverage.look()
    return finding === undefined ? reach : undefined
  }

  #change(): Buffer {
    const { mutations, largest } = this.#target
    const random = this.#random
    let input = this.#pick()
    for (let left = random.size(MOST_CHANGES); left > 0; left--) {
      const material: Material = { random, words: this.#words, other: this.#pick() }
      const mutation = random.pick(mutations)
      input = Buffer.from(mutation?.(input, material) ?? input).subarray(0, largest)
    }
    return input
  }

  /** Often one of the newest, which have been changed least. */
  #pick(): Buffer {
    const { corpus } = this
    const newest = corpus.slice(-8)
    return this.#random.pick(this.#random.below(3) === 0 ? newest : corpus) ?? Buffer.alloc(0)
  }

  async #try(input: Buffer): Promise<Finding | undefined> {
    this.executions += 1
    try {
      if ((await this.#timed(input)) === 'accepted') this.accepted += 1
      return undefined
    } catch (error) {
      return { input, error }
    }
  }

  /** The machine may have been busy: what was slow once is measured again. */
  async #timed(input: Buffer): Promise<Verdict> {
    for (let attempt = 0; ; attempt++) {
      // What runs may not change what is reported.
      const copy = Buffer.from(input)
      this.#announce(copy)
      const before = process.threadCpuUsage()
      const verdict = await this.#target.run(copy)
      const { user, system } = process.threadCpuUsage(before)
      const milliseconds = (user + system) / 1_000
      if (milliseconds <= LONGEST_RUN_MS) return verdict
      if (attempt === 2) throw new TooSlow(`it takes ${Math.round(milliseconds)} ms`)
    }
  }
}

/** Leaves pieces out, large ones first, as long as what is left still serves. */
async function shorten(
  input: Buffer,
  serves: (shorter: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  let best = input
  let attempts = 0
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < best.length; ) {
      attempts += 1
      if (attempts > MOST_CUTS) return best
      const shorter = splice(best, at, size, Buffer.alloc(0))
      if (await serves(shorter)) best = shorter
      else at += size
    }
  }
  return best
}

/** What two errors of the same cause have in common. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [message = ''] = error.message.split('\n')
  return `${error.constructor.name} ${message.replace(/\d+|"[^"]*"|'[^']*'/g, '…').slice(0, 80)}`
}
