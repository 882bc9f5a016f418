/** Whether a bot's certificate is still good for calls other than renewals. */
import type { BotCaller } from './caller.ts'
import type { AuthContext } from './context.ts'
import { isCurrent } from './generation.ts'
import type { InstanceRecord } from './records.ts'
import { botRemoved, generationOutdated, identityExpired, instanceUnknown } from './refusals.ts'

export interface Instances {
  /**
   * That the caller's certificate is still that of its instance: to be asked at every call, and good
   * for a locked one too.
   *
   * @throws AuthError `identity-expired`, `bot-removed`, `instance-unknown`, `generation-mismatch`
   */
  requireCurrent(caller: BotCaller): Promise<InstanceRecord>
}

export function createInstances({ store, clock }: AuthContext): Instances {
  return {
    async requireCurrent(caller) {
      const now = clock.now()
      if (caller.expiresAt <= now) throw identityExpired(caller, now)
      if (!(await store.bots.get(caller.bot))) throw botRemoved(caller.bot)
      const instance = await store.instances.get(caller.instanceId)
      if (instance?.bot !== caller.bot) throw instanceUnknown(caller)
      if (!isCurrent(instance, caller)) throw generationOutdated(caller, instance.generation)
      return instance
    },
  }
}
