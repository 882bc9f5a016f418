/** What a fuzzing thread is asked for. */
export interface Job {
  readonly target: string
  readonly corpus: readonly Uint8Array[]
  /** Whether the target's own seeds are added to the corpus. */
  readonly withSeeds: boolean
  readonly seed: number
  /** Changed inputs to try; it ends with the first of the two. */
  readonly mostRuns: number
  readonly mostSeconds: number
  /** Whether the corpus comes back as small as it can be. */
  readonly minimise: boolean
}

export interface Outcome {
  readonly target: string
  readonly executions: number
  /** Of those, how many inputs were good. */
  readonly accepted: number
  /** The same of the corpus alone. */
  readonly replayed: { readonly executions: number; readonly accepted: number }
  readonly corpus: readonly Uint8Array[]
  readonly finding: FoundInput | undefined
}

export interface FoundInput {
  readonly input: Uint8Array
  /** Why: an error with its stack. */
  readonly error: string
}
