/** The refusals that more than one act knows: what each says, and what to do about it. */
import { formatTime } from '../base/clock.ts'
import type { JoinTokenKind } from '../trust/join-token.ts'
import type { BotCaller, NodeCaller } from './caller.ts'
import { AuthError, type AuthErrorCode } from './errors.ts'
import type { LockRecord, LockTarget } from './records.ts'

const TOKEN_HINTS: Readonly<Record<JoinTokenKind, string>> = {
  bot: 'make a new one: mezctl bots rotate-token NAME',
  node: 'make a new one: mezctl tokens create --roles=node',
}

export function unknownToken(kind: JoinTokenKind): AuthError {
  return new AuthError('token-unknown', 'the hub does not know this join token', {
    hint: TOKEN_HINTS[kind],
  })
}

export function roleMissing(name: string): AuthError {
  return new AuthError('not-found', `there is no role "${name}"`, {
    hint: 'mezctl roles ls shows the roles there are',
  })
}

export function botRemoved(bot: string): AuthError {
  return new AuthError('bot-removed', `bot "${bot}" has been removed`, {
    hint: 'if it is still needed, create it anew: mezctl bots add',
  })
}

export function botMissing(name: string): AuthError {
  return new AuthError('not-found', `there is no bot "${name}"`, {
    hint: 'mezctl bots ls shows the bots there are',
  })
}

export function nodeRemoved(name: string): AuthError {
  return new AuthError('node-removed', `node "${name}" has been removed`, { hint: rejoin(name) })
}

export function nodeMissing(name: string): AuthError {
  return new AuthError('not-found', `there is no node "${name}"`, {
    hint: 'mezctl nodes ls shows the nodes there are',
  })
}

const LOCKED_CODES: Readonly<Record<LockTarget['kind'], AuthErrorCode>> = {
  bot: 'bot-locked',
  instance: 'instance-locked',
  node: 'node-locked',
  role: 'permission-denied',
  login: 'permission-denied',
}

export function locked(lock: LockRecord): AuthError {
  const { target } = lock
  const unlock = 'bot' in target ? `mezctl bots unlock ${target.bot}` : `mezctl locks rm ${lock.id}`
  return new AuthError(LOCKED_CODES[target.kind], describeLock(lock), {
    hint: `when it is safe again: ${unlock}`,
  })
}

/** `bot "ci" is locked: incident 7` */
export function describeLock({ target, message }: LockRecord): string {
  return `${describeTarget(target)} is locked${message === '' ? '' : `: ${message}`}`
}

function describeTarget(target: LockTarget): string {
  switch (target.kind) {
    case 'bot':
      return `bot "${target.bot}"`
    case 'instance':
      return `instance ${target.instanceId} of bot "${target.bot}"`
    case 'node':
      return `node "${target.node}"`
    case 'role':
      return `role "${target.role}"`
    case 'login':
      return `login "${target.login}"`
  }
}

export function generationMismatch(caller: BotCaller, newest: bigint): AuthError {
  return new AuthError(
    'generation-mismatch',
    `generation ${caller.generation} of instance ${caller.instanceId} was presented, but ${newest} is the newest: the credential was used twice, and the instance is locked`,
    {
      hint: `find out who holds a copy of the state directory (mezctl audit ls --instance=${caller.instanceId}), then mezctl bots unlock ${caller.bot} or rotate its token`,
    },
  )
}

export function nodeGenerationMismatch(
  caller: NodeCaller,
  newest: bigint,
  lockId: string,
): AuthError {
  return new AuthError(
    'generation-mismatch',
    `generation ${caller.generation} of node "${caller.node}" was presented, but ${newest} is the newest: the credential was used twice, and the node is locked`,
    {
      hint: `find out who holds a copy of the state directory (mezctl audit ls --instance=${caller.instanceId}), then mezctl locks rm ${lockId}, or remove the node and join it anew`,
    },
  )
}

/** A renewal that was under way for so long that a later one came before it. */
export function overtaken(caller: BotCaller | NodeCaller): AuthError {
  return new AuthError(
    'conflict',
    `generation ${caller.generation} was renewed while this renewal was on its way`,
    { hint: 'nothing was done; mezd asks again' },
  )
}

/** A credential that was renewed since, at a call that isn't a renewal: nothing is locked yet. */
export function generationOutdated(caller: BotCaller | NodeCaller, newest: bigint): AuthError {
  const who = caller.kind === 'bot' ? `instance ${caller.instanceId}` : `node "${caller.node}"`
  return new AuthError(
    'generation-mismatch',
    `generation ${caller.generation} of ${who} was presented, but ${newest} is the newest`,
    {
      hint: 'restart the daemon; if that does not help, somebody uses a copy of its state directory',
    },
  )
}

export function instanceUnknown(caller: BotCaller | NodeCaller): AuthError {
  const { instanceId } = caller
  return caller.kind === 'bot'
    ? new AuthError('instance-unknown', `bot "${caller.bot}" has no instance ${instanceId}`, {
        hint: `join again with a new token: mezctl bots rotate-token ${caller.bot}`,
      })
    : new AuthError(
        'instance-unknown',
        `node "${caller.node}" has joined anew since, as another instance than ${instanceId}`,
        { hint: rejoin(caller.node) },
      )
}

/** @param now both clocks matter: an identity that seems to have expired too early is the hub's doing */
export function identityExpired({ bot, instanceId, expiresAt }: BotCaller, now: number): AuthError {
  return new AuthError(
    'identity-expired',
    `the identity of bot "${bot}" ${ended(expiresAt, now)}`,
    {
      hint: `let it renew once more, mezctl bots readmit ${bot} --instance=${instanceId}, or join it again with a new token, mezctl bots rotate-token ${bot}`,
    },
  )
}

export function nodeIdentityExpired({ node, expiresAt }: NodeCaller, now: number): AuthError {
  const message = `the identity of node "${node}" ${ended(expiresAt, now)}`
  return new AuthError('identity-expired', message, {
    hint: `let it renew once more, mezctl nodes readmit ${node}, or ${rejoin(node)}`,
  })
}

function ended(expiresAt: number, now: number): string {
  return `has expired at ${formatTime(expiresAt)}, and on the hub it is ${formatTime(now)}`
}

function rejoin(node: string): string {
  return `join it anew: mezctl nodes rm ${node}, if it is still there, and mezctl tokens create --roles=node`
}
