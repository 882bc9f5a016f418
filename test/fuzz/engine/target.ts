import type { Mutation } from './mutate.ts'

export type Verdict = 'accepted' | 'refused'

/** A reader of what others wrote, and what must hold for it. */
export interface FuzzTarget {
  readonly name: string
  /** The longest input that is tried, in bytes. */
  readonly largest: number
  /** What it accepts, from our own encoders and from others' programs. */
  readonly seeds: () => Promise<readonly Uint8Array[]>
  readonly mutations: readonly Mutation[]
  /** Words of its format. */
  readonly words: readonly (string | Uint8Array)[]
  /** Whatever it throws is a finding; a typed refusal is not thrown, but returned. */
  readonly run: (input: Buffer) => Verdict | Promise<Verdict>
  /** Gives back what it has opened. */
  readonly close?: () => Promise<void>
}

type ErrorClass = new (...parameters: never[]) => Error

/** Undefined when an error of these classes is thrown; any other passes. */
export function unlessRefused<Value>(
  act: () => Value,
  ...classes: readonly ErrorClass[]
): Value | undefined {
  try {
    return act()
  } catch (error) {
    if (classes.some((each) => error instanceof each)) return undefined
    throw error
  }
}

/** The input as text, if it is text. */
export function textOf(input: Buffer): string {
  return input.toString('utf8')
}
