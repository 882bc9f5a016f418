import { MeziteError } from '../base/errors.ts'

/** What can go wrong on this side of the hub. */
export type CliErrorCode =
  | 'usage'
  /** No way to the hub: no socket, no identity file. */
  | 'no-hub'
  | 'not-found'
  | 'file-exists'
  | 'file-unreadable'
  | 'file-unwritable'
  /** Somebody else could change what stands there, or lead the way to it elsewhere. */
  | 'unsafe-directory'
  | 'malformed-file'
  /** A setting has changed that can't while the program runs. */
  | 'restart-needed'
  /** What was written is what the hub has, and the hub says that it is damaged. */
  | 'damaged-log'

export class CliError extends MeziteError<CliErrorCode> {}
