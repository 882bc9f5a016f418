/** What passes between the measurement and the processes that simulate agents. */
import { z } from 'zod'

/** Both PEM. */
const agent = z.strictObject({ certificate: z.string(), privateKey: z.string() })

/** What an agent authenticates with. */
export type Agent = z.output<typeof agent>

export const order = z.discriminatedUnion('kind', [
  /** Connect and watch; done when every agent has its whole picture. */
  z.strictObject({ kind: z.literal('connect'), port: z.number(), agents: z.array(agent) }),
  /** Look out for one message with all of these texts. */
  z.strictObject({ kind: z.literal('expect'), texts: z.array(z.string()) }),
  /** Done when every agent has had what was expected last. */
  z.strictObject({ kind: z.literal('await') }),
])

export type Order = z.output<typeof order>

export const answer = z.discriminatedUnion('kind', [
  /** Of the monotonic clock that all processes share, in milliseconds. One time for each agent. */
  z.strictObject({ kind: z.literal('arrived'), times: z.array(z.number()), bytes: z.number() }),
  z.strictObject({ kind: z.literal('ready') }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
])

export type Answer = z.output<typeof answer>
