/** What a program is made of: verbs, and groups of verbs. */
import type { Parameters, Values } from '../base/parameter.ts'
import type { Invocation } from './invocation.ts'

export interface Example {
  /** The command line. */
  readonly command: string
  /** What it does, as a clause. */
  readonly does: string
}

interface Documented {
  readonly name: string
  /** One line for the list of verbs, in the imperative and without a full stop. */
  readonly summary: string
  /** A paragraph that says what it does and when one wants it. */
  readonly description: string
  readonly examples?: readonly Example[]
  /** Other commands, `mezctl bots ls`. */
  readonly seeAlso?: readonly string[]
}

export interface Verb<P extends Parameters = Parameters> extends Documented {
  readonly parameters: P
  /** The parameters that may be given without their flag, in this order. */
  readonly positional?: readonly (keyof P & string)[]
  /** What further arguments are called; without it they are refused. */
  readonly rest?: {
    readonly name: string
    readonly help: string
    /** Whether everything after the first positional is left alone, even `-x`. */
    readonly verbatim?: boolean
  }
  /**
   * Whether `--config FILE` is accepted, and every parameter has an environment variable. Else
   * only those parameters have one that name it.
   */
  readonly configurable?: boolean
  /** Runs until a signal tells it to stop, which is then its success; what fails on the way is said. */
  readonly longRunning?: boolean
  run(values: Values<P>, invocation: Invocation, more: More<P>): Promise<void>
}

/** What a verb may want to know beyond its values. */
export interface More<P extends Parameters = Parameters> {
  /** For each key the source of its value, as errors name it; undefined for a default. */
  readonly origins: Readonly<Record<keyof P, string | undefined>>
  readonly rest: readonly string[]
  readonly program: Program
  /**
   * The values as the files that they come from say now. @throws ConfigError, also where one came
   * from standard input, which is read once
   */
  readonly readAgain: () => Promise<Values<P>>
}

export interface VerbGroup extends Documented {
  readonly verbs: readonly Entry[]
}

export type Entry = Verb | VerbGroup

export interface Program extends VerbGroup {
  /** Accepted before the verb too, by those verbs that have them. */
  readonly globals?: Parameters
}

/**
 * Checks a verb's types against each other and forgets them: whoever runs it resolves its values
 * from its own table.
 */
export function defineVerb<const P extends Parameters>(verb: Verb<P>): Verb {
  return verb as unknown as Verb
}

export function isGroup(entry: Entry): entry is VerbGroup {
  return 'verbs' in entry
}
