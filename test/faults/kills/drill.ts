/**
 * A drill: one act that is done again and again, each time with the process that matters killed
 * somewhere in it, or with one of its calls failing. `Exercise` does that; a drill knows the act and
 * what must be so after it.
 */
import type { Child } from '../../e2e/harness/child.ts'
import type { StraceOptions } from '../strace.ts'
import type { HubPlace } from './place.ts'
import type { Roots } from './point.ts'
import type { World } from './world.ts'

export interface Drill extends AsyncDisposable {
  readonly world: World
  roots(): Roots
  /** Makes ready for one act. */
  prepare(): Promise<void>
  /** The process that is killed; while the act begins by starting it, undefined until it is started. */
  victim(): Child | undefined
  /**
   * The act. Resolves when it is over, which it is too when the victim has died of it.
   *
   * @param strace for a victim that this starts
   */
  act(strace?: StraceOptions): Promise<void>
  /** Starts again what has ended. @throws Error where that is of no use */
  restart(): Promise<void>
  /** @throws Error for what is wrong */
  check(): Promise<void>
  /** At the end: what is really wrong must still be noticed. @throws Error where it is not */
  control?(): Promise<void>
}

export interface Scene {
  readonly name: string
  /** Whether the act begins with the start of its victim. */
  readonly starts: boolean
  /** Whether bots speak with the hub in it. */
  readonly hasRecords: boolean
  open(place: HubPlace): Promise<Drill>
}
