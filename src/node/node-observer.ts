import type { SessionEvent } from '../client/node-hub.ts'
import type { ActivityObserver } from '../identity/activity.ts'
import type { NodeIdentity } from './node-identity.ts'

export type NodeActivity = 'join' | 'renewal' | 'files' | 'sessions'

/** What an agent tells of itself, for logs, status and metrics. Calls must not throw. */
export interface NodeObserver extends ActivityObserver<NodeActivity> {
  /** Called once its files are in place and sshd uses them; then and later it can be asked. */
  onRunning(agent: RunningAgent): void
  onIdentity(event: IdentityEvent): void
  /** Called at every change. */
  onConnection(connection: Connection): void
  onApplied(applied: Applied): void
  onSession(event: SessionEvent): void
  onFailure(failure: NodeFailure): void
  onWarning(message: string): void
}

export interface RunningAgent {
  /** Sessions that are open. */
  sessions(): number
  /** Events that the hub has yet to be told. */
  queuedEvents(): number
  /** Logins that somebody may enter as. */
  logins(): number
  /** How often sshd was told to read its configuration again. */
  sshdReloads(): number
}

export interface IdentityEvent {
  readonly identity: NodeIdentity
  /** `loaded`: it was in the state directory at the start. */
  readonly by: 'joined' | 'renewed' | 'loaded'
  /** On the hub's clock. */
  readonly nextRenewalAt: number
}

/** Whether the hub is in touch. While it isn't, the files say what it said last. */
export type Connection =
  | { readonly state: 'fresh'; readonly since: number }
  | { readonly state: 'stale'; readonly since: number; readonly reason: string }

/** An update of the hub's, on the disk. */
export interface Applied {
  readonly full: boolean
  /** How many logins' files it concerned. */
  readonly logins: number
  /** From its arrival until all of its files were durable. */
  readonly milliseconds: number
  /** Whether all of them could be written. */
  readonly complete: boolean
}

export interface NodeFailure {
  readonly what: 'join' | 'renewal' | 'watch' | 'files' | 'report' | 'sessions' | 'sshd'
  readonly error: unknown
  /** Undefined: it is tried again when there is occasion to. */
  readonly retryInMs: number | undefined
}
