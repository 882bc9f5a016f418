/** The streams that are open at this hub, and what ends one before its time. */

import { MINUTE, SECOND } from '../../base/clock.ts'
import { bearerOf, type Caller } from '../caller.ts'
import { AuthError } from '../errors.ts'
import type { Outlet } from './outlet.ts'

export interface OpenStream {
  readonly rpc: string
  readonly caller: Caller
  readonly outlet: Pick<Outlet<never>, 'signal' | 'end'>
}

export interface Streams {
  /**
   * Keeps a stream until it ends. Of a bot's or a node's identity and an RPC there is one at a time:
   * the newer takes the place of the older, whose connection may be dead without anybody knowing.
   * Administrators have as many as they have terminals.
   *
   * @throws AuthError `busy` when there are too many, `unavailable` when the hub stops
   */
  add(stream: OpenStream): void
  /** Ends those whose caller `reason` has one for. */
  end(reason: (caller: Caller) => AuthError | undefined): void
  /** How many are open of callers of this kind. */
  count(kind: Caller['kind']): number
  /** Ends them all, well, so that their readers look for another hub at once; takes no more. */
  stop(): void
}

const MOST_OF_ADMINS = 64

/** @param mostOfBots they are many, and can do without: connections must be left for renewals */
export function createStreams(mostOfBots: number): Streams {
  const open = new Map<string, OpenStream>()
  let ofBots = 0
  let ofAdmins = 0
  let opened = 0
  let isStopping = false
  return {
    add(stream) {
      if (isStopping) throw new AuthError('unavailable', 'the hub is stopping')
      const { rpc, caller, outlet } = stream
      const isMachine = caller.kind === 'bot' || caller.kind === 'node'
      if (!isMachine && ofAdmins >= MOST_OF_ADMINS) throw tooManyOfAdmins()
      const key = isMachine ? `${rpc} ${bearerOf(caller)}` : `${rpc} ${++opened}`
      const before = open.get(key)
      const isOfBot = caller.kind === 'bot'
      if (isOfBot && !before && ofBots >= mostOfBots) throw noRoom(caller)
      before?.outlet.end(replaced())
      if (outlet.signal.aborted) return
      open.set(key, stream)
      if (isOfBot) ofBots += 1
      if (!isMachine) ofAdmins += 1
      outlet.signal.addEventListener('abort', () => {
        if (isOfBot) ofBots -= 1
        if (!isMachine) ofAdmins -= 1
        if (open.get(key) === stream) open.delete(key)
      })
    },
    end(reason) {
      for (const { caller, outlet } of [...open.values()]) {
        const error = reason(caller)
        if (error) outlet.end(error)
      }
    },
    count: (kind) => [...open.values()].filter(({ caller }) => caller.kind === kind).length,
    stop() {
      isStopping = true
      for (const { outlet } of [...open.values()]) outlet.end()
    },
  }
}

function replaced(): AuthError {
  return new AuthError('stream-replaced', 'the same identity has opened this stream once more', {
    hint: 'if there is no second process, somebody may hold a copy of the state directory',
  })
}

function tooManyOfAdmins(): AuthError {
  return new AuthError('unavailable', `${MOST_OF_ADMINS} streams of administrators are open`, {
    hint: 'end some: mezctl audit ls --follow is one, wherever it runs',
  })
}

/** Asked again and again by each of the many, the hub would have little time for anything else. */
const ASK_AGAIN = { bot: 10 * MINUTE, node: 30 * SECOND }

/** @param caller whose stream finds no room */
export function noRoom({ kind }: Caller): AuthError {
  const whose = kind === 'bot' ? 'a bot' : 'a node'
  return new AuthError('busy', `the hub has no room for another stream of ${whose}`, {
    hint: 'renewals go on, and bring what the stream would have brought',
    retryAfterMs: kind === 'bot' ? ASK_AGAIN.bot : ASK_AGAIN.node,
  })
}
