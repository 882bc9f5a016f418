import type { Caller } from '../caller.ts'
import { decideAndCommit } from '../commit.ts'
import { type AuthContext, eventBy } from '../context.ts'
import type { AuthErrorCode } from '../errors.ts'

/** A call that its caller may not make. */
export interface Denial {
  readonly rpc: string
  readonly caller: Caller
  readonly reason: AuthErrorCode
}

/** Writes it to the audit log. @throws AuthError `unavailable` */
export async function recordDenial(
  context: Pick<AuthContext, 'store' | 'clock'>,
  { rpc, caller, reason }: Denial,
): Promise<void> {
  const bearer = caller.kind === 'bot' && { bot: caller.bot, instanceId: caller.instanceId }
  const about = { ...bearer, fields: { rpc, reason } }
  const event = eventBy(context, caller, 'rpc.denied', about, 'refused')
  await decideAndCommit(() => context.store.commit({ changes: [], events: [event] }))
}
