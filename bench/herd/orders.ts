/** What passes between the measurement and the processes that simulate bots. */
import { z } from 'zod'

const member = z.strictObject({
  /** Both PEM. */
  certificate: z.string(),
  privateKey: z.string(),
  /** Where it connects from. */
  address: z.string(),
})

/** One bot, as it was when the hub went away. */
export type Member = z.output<typeof member>

export const order = z.discriminatedUnion('kind', [
  /** Go on as daemons whose renewals are due, with a hub that isn't there. */
  z.strictObject({
    kind: z.literal('begin'),
    port: z.number(),
    members: z.array(member),
    /** Of each output certificate's life, in milliseconds. */
    leftMs: z.number(),
    watches: z.boolean(),
  }),
  /** Done when every bot has renewed, or after so many milliseconds; the bots go on. */
  z.strictObject({ kind: z.literal('await'), patienceMs: z.number() }),
])

export type Order = z.output<typeof order>

const renewal = z.strictObject({
  /** Of the clock that all processes share, in milliseconds. */
  at: z.number(),
  leftMs: z.number(),
  attempts: z.number(),
  /** From the answer to the time that the hub suggests for the next one; absent: it suggests none. */
  suggestedInMs: z.number().optional(),
})

export type Renewal = z.output<typeof renewal>

export const answer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('begun') }),
  z.strictObject({
    kind: z.literal('done'),
    renewals: z.array(renewal),
    missing: z.number(),
    watching: z.number(),
    /** How often something failed while the hub was there, by what and how. */
    failures: z.record(z.string(), z.number()),
  }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
])

export type Answer = z.output<typeof answer>
