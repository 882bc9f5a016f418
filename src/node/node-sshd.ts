import type { HostKey } from './host-key.ts'
import type { NodePaths } from './node-paths.ts'
import type { SshdVersion } from './sshd-version.ts'

/** The sshd of a node: the machine's own, or one that the agent runs. */
export interface NodeSshd {
  readonly version: SshdVersion
  readonly paths: NodePaths
  readonly hostKey: HostKey
  /** What keeps it from doing all that it should, in words. */
  readonly warnings: readonly string[]
  /** How often it was told to read its configuration again. */
  readonly reloads: number
  /**
   * Makes sshd use the node's files, which are all there; does nothing where it does already.
   *
   * @throws NodeError `sshd-refused`: everything is as it was before
   */
  install(): Promise<void>
  /** To be called before another host certificate is written: `settle` has sshd serve it. */
  expectHostCertificate(): Promise<void>
  /** Returns once sshd works by the files that there are. It is reloaded only where it has to be. */
  settle(): Promise<void>
  /** Runs what has to run for as long as the agent does; returns once the signal is aborted. */
  supervise(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void>
  /** Puts everything back as it was before the first `install`. */
  uninstall(): Promise<void>
}
