/** The world, as an agent needs it. `src/cli` builds the real one, tests take parts of it. */
import type { Clock } from '../base/clock.ts'
import type { FileOwner, FileSystem } from '../base/file-system.ts'
import type { Random } from '../base/random.ts'
import type { NodeHub } from '../client/node-hub.ts'
import type { DirectoryWatch } from './directory-watch.ts'
import type { Programs } from './programs.ts'

export interface NodePorts {
  readonly hub: NodeHub
  readonly fs: FileSystem
  readonly clock: Clock
  readonly random: Random
  /** Effective ids, and the pid for those who find the state in use. */
  readonly self: FileOwner & { readonly pid: number }
  readonly programs: Programs
  readonly processes: ProcessPorts
  readonly watchDirectory: DirectoryWatch
}

/** `/proc`, read at once. */
export type ProcFiles = Readonly<
  Pick<typeof import('node:fs'), 'lstatSync' | 'readFileSync' | 'readdirSync' | 'readlinkSync'>
>

/** What is known of other processes, and done to them. */
export interface ProcessPorts {
  readonly proc: ProcFiles
  /** For what of `/proc` may be slow. */
  readonly fs: Pick<FileSystem, 'readFile'>
  readonly clock: Pick<Clock, 'sleep'>
  /** As `process.kill`. */
  readonly kill: (pid: number, signal: ProcessSignal) => void
}

export type ProcessSignal = 'SIGHUP' | 'SIGTERM' | 'SIGSTOP' | 'SIGKILL'
