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

/** What is done to other processes. */
export interface ProcessPorts {
  readonly fs: Pick<FileSystem, 'lstat' | 'readFile' | 'readdir' | 'readlink'>
  readonly clock: Pick<Clock, 'sleep'>
  /** As `process.kill`. */
  readonly kill: (pid: number, signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL') => void
}
