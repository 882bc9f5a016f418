/**
 * Joining: a one-time token becomes a bot instance. Redeeming the token and creating the instance
 * are one act, so of two joins with the last use of a token exactly one succeeds.
 */

import { equalBytes } from '../base/bytes.ts'
import type { AdmittedBot } from './admission.ts'
import { admitBot, requireSameRoles } from './admission.ts'
import type { Caller } from './caller.ts'
import { decideJoin } from './commit.ts'
import type { LineageContext } from './context.ts'
import { eventBy } from './context.ts'
import { aboutIssue, lastSeen, onRecord } from './instance.ts'
import type { CertificateRequest, CheckedRequest, IssuedIdentity } from './issuing.ts'
import { checkClock, checkRequest, issueIdentity } from './issuing.ts'
import { RateTable, REPETITION_RATE, requireRate } from './rate.ts'
import type { InstanceRecord, TokenRecord } from './records.ts'
import { unknownToken } from './refusals.ts'
import type { Roles } from './roles.ts'
import { botOf, readToken, requireActive } from './tokens.ts'

export interface Joining {
  /**
   * @throws AuthError `token-unknown`, `token-used`, `token-expired`, `token-rotated`,
   *   `token-wrong-kind`, `bot-removed`, `bot-locked`, `clock-skew`, `interval-too-long`,
   *   `rate-limited`, `invalid-request`; each but the last is in the audit log
   */
  join(caller: Caller, token: string, request: CertificateRequest): Promise<IssuedIdentity>
}

export function createJoining(context: LineageContext, roles: Roles): Joining {
  const { store, clock, refusals } = context
  const repetitions = new RateTable(REPETITION_RATE)

  async function attempt(
    caller: Caller,
    token: TokenRecord,
    request: CheckedRequest,
  ): Promise<IssuedIdentity> {
    const bot = botOf(token)
    const before = await joinedBefore(context, token, request)
    if (before) requireRate(repetitions, before.id, clock.monotonic(), 'repetitions of this join')
    else requireActive(token, clock.now())
    const admitted = await admitBot(context, roles, bot, before?.id)
    return before
      ? repeatJoin(context, caller, admitted, before, request, token)
      : firstJoin(context, caller, admitted, request, token)
  }

  return {
    async join(caller, text, unchecked) {
      const request = checkRequest(unchecked)
      const secretHash = readToken(text, 'bot')
      let token: TokenRecord | undefined
      return decideJoin(
        refusals,
        caller.address,
        async () => {
          checkClock(request.clientTime, clock.now())
          token = await store.tokens.find(secretHash)
          if (!token) throw unknownToken('bot')
          return attempt(caller, token, request)
        },
        (reason) => {
          const fields = {
            reason,
            client_host: request.clientHost,
            ...(token && { token: token.id }),
          }
          return eventBy(context, caller, 'bot.join', { bot: token?.bot, fields }, 'refused')
        },
      )
    },
  }
}

/**
 * The instance that these very keys joined as with this token: the reply to that join was lost, or
 * is asked for again. Once the instance has renewed, nobody can have lost it.
 */
async function joinedBefore(
  { store }: LineageContext,
  token: TokenRecord,
  request: CheckedRequest,
): Promise<InstanceRecord | undefined> {
  const redemption = await store.tokens.redemption(token.id, request.keyFingerprint)
  const instance = redemption && (await store.instances.get(redemption.instanceId))
  return instance?.generation === 1n &&
    equalBytes(instance.sshKeyFingerprint, request.sshKeyFingerprint)
    ? instance
    : undefined
}

async function firstJoin(
  context: LineageContext,
  caller: Caller,
  admitted: AdmittedBot,
  request: CheckedRequest,
  token: TokenRecord,
): Promise<IssuedIdentity> {
  const { store, clock, random } = context
  const { bot, roles } = admitted
  const id = random.uuid()
  const issued = issueIdentity(context, bot, roles, { id, generation: 1n }, request)
  const instance: InstanceRecord = {
    id,
    bot: bot.name,
    generation: 1n,
    keyFingerprint: request.keyFingerprint,
    previousKeyFingerprint: undefined,
    sshKeyFingerprint: request.sshKeyFingerprint,
    joinedAt: clock.now(),
    ...lastSeen(caller, issued, request),
  }
  await store.commit({
    changes: [
      { kind: 'expect-bot', name: bot.name, revision: bot.revision },
      {
        kind: 'redeem-token',
        redemption: { tokenId: token.id, keyFingerprint: request.keyFingerprint, instanceId: id },
      },
      { kind: 'insert-instance', instance },
      onRecord(issued, request),
    ],
    events: [eventBy(context, caller, 'bot.join', aboutIssue(issued, { token: token.id }))],
  })
  requireSameRoles(context, admitted)
  return issued
}

async function repeatJoin(
  context: LineageContext,
  caller: Caller,
  admitted: AdmittedBot,
  before: InstanceRecord,
  request: CheckedRequest,
  token: TokenRecord,
): Promise<IssuedIdentity> {
  const { bot, roles } = admitted
  const issued = issueIdentity(context, bot, roles, before, request)
  const fields = { token: token.id, repeated: 'true' }
  await context.store.commit({
    changes: [
      { kind: 'expect-bot', name: bot.name, revision: bot.revision },
      {
        kind: 'replace-instance',
        expected: before,
        instance: { ...before, ...lastSeen(caller, issued, request) },
      },
      onRecord(issued, request),
    ],
    events: [eventBy(context, caller, 'bot.join', aboutIssue(issued, fields))],
  })
  requireSameRoles(context, admitted)
  return issued
}
