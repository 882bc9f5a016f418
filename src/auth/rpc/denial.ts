import type { Caller } from '../caller.ts'
import { decideAndCommit } from '../commit.ts'
import { type AuthContext, eventBy } from '../context.ts'
import type { AuthErrorCode } from '../errors.ts'
import type { RefusalLog } from '../refusal-log.ts'

/** A call that its caller may not make. */
export interface Denial {
  readonly rpc: string
  readonly caller: Caller
  readonly reason: AuthErrorCode
}

/** Writes it to the audit log, or counts it there. @throws AuthError `unavailable` */
export async function recordDenial(
  context: Pick<AuthContext, 'clock'>,
  refusals: Pick<RefusalLog, 'record'>,
  { rpc, caller, reason }: Denial,
): Promise<void> {
  const event = eventBy(
    context,
    caller,
    'rpc.denied',
    {
      ...(caller.kind === 'bot' && { bot: caller.bot, instanceId: caller.instanceId }),
      ...(caller.kind === 'node' && { instanceId: caller.instanceId }),
      fields: { rpc, reason, node: caller.kind === 'node' ? caller.node : undefined },
    },
    'refused',
  )
  await decideAndCommit(() => refusals.record(event))
}
