/** The streams that are open at this hub, and what ends one before its time. */
import { actorOf, type Caller } from '../caller.ts'
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
   * @throws AuthError `unavailable` when there are too many, or the hub stops
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
      if (isOfBot && !before && ofBots >= mostOfBots) throw tooMany()
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

/** Whose stream it is: two instances of a bot have one each. */
function bearerOf(caller: Caller): string {
  return caller.kind === 'bot' ? `${actorOf(caller)} ${caller.instanceId}` : actorOf(caller)
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

function tooMany(): AuthError {
  return new AuthError('unavailable', 'the hub has no room for another stream of a bot', {
    hint: 'renewals go on, and bring what the stream would have brought',
  })
}
