/** What passes between a measurement and the processes that make its load. */
import { z } from 'zod'

/** One bot instance, or what stands for it at the bare server. */
const subject = z.strictObject({
  /** PEM. */
  certificate: z.string(),
  /** PKCS #8 PEM. */
  privateKey: z.string(),
  /** The bytes of each call, base64. */
  request: z.string(),
})

const target = z.strictObject({
  port: z.number(),
  protocol: z.enum(['hub', 'bare']),
  /** Or a new one for each call. */
  keepsConnections: z.boolean(),
  subjects: z.array(subject),
})

/** Each subject calls again and again, one call at a time. */
export type Target = z.output<typeof target>
export type Subject = z.output<typeof subject>

export const order = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('aim'), target }),
  z.strictObject({ kind: z.literal('fire'), milliseconds: z.number() }),
])

export type Order = z.output<typeof order>

export const answer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready') }),
  z.strictObject({ kind: z.literal('done'), calls: z.number() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
])

export type Answer = z.output<typeof answer>
