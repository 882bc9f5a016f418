/**
 * An sshd of the agent's own, for tests and containers: its configuration, host key and service of
 * PAM have nothing of the machine's sshd, and several stand side by side on one machine.
 *
 * It outlives the agent, as the machine's would: an agent that starts finds the one that runs.
 */
import { join } from 'node:path'
import { SECOND } from '../base/clock.ts'
import { systemErrorCode } from '../base/errors.ts'
import {
  type FileSystem,
  readIfThere,
  removeDurably,
  swapSymlink,
  writeFileDurably,
} from '../base/file-system.ts'
import { makeDirectory } from '../base/safe-directory.ts'
import { onFiles } from '../identity/errors.ts'
import { encodePrivateKey, generatePrivateKey } from '../ssh/private-key.ts'
import { DueReload } from './due-reload.ts'
import { NodeError } from './errors.ts'
import { chooseHostKey, type HostKey } from './host-key.ts'
import { type NodePaths, nodePaths } from './node-paths.ts'
import type { NodeSshd } from './node-sshd.ts'
import { ownSshdConfig } from './own-sshd-config.ts'
import { withHook, withoutHook } from './pam-config.ts'
import type { NodePorts } from './ports.ts'
import { findProcess, isRunning } from './proc.ts'
import { checkConfig } from './sshd-check.ts'
import { nodeSettings } from './sshd-config.ts'
import { findListener, reloadListener } from './sshd-listener.ts'
import { isAtLeast, readSshdVersion, type SshdVersion } from './sshd-version.ts'
import { makePrivilegeSeparationDirectory } from './system-sshd.ts'

export interface OwnSshdOptions {
  /** The program, absolute. */
  readonly sshd: string
  readonly port: number
  /** An address; undefined: all. */
  readonly listen: string | undefined
  /** A safe directory of its own, that everyone may pass through. */
  readonly directory: string
  /** `/etc/pam.d`. */
  readonly pamDirectory: string
}

type OwnPorts = Pick<NodePorts, 'fs' | 'programs' | 'processes' | 'clock'>

/** @throws NodeError `sshd-missing`; IdentityError */
export async function openOwnSshd(ports: OwnPorts, options: OwnSshdOptions): Promise<NodeSshd> {
  const { fs, programs } = ports
  const { directory, sshd } = options
  const version = await readSshdVersion(programs, sshd)
  await makePrivilegeSeparationDirectory(fs)
  await onFiles(directory, () => makeDirectory(fs, directory, 0o755))
  const keyPath = join(directory, 'ssh_host_ed25519_key')
  await onFiles(keyPath, () => ensureHostKey(fs, keyPath))
  const hostKey = await chooseHostKey(fs, [keyPath])
  return new OwnSshd(ports, options, version, hostKey)
}

async function ensureHostKey(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.lstat(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    const text = encodePrivateKey(generatePrivateKey('ssh-ed25519'))
    await writeFileDurably(fs, path, text, { mode: 0o600 })
  }
}

const POLL_MS = SECOND / 4
const RESTART_MS = SECOND
const TERM_EACH_POLLS = 40

class OwnSshd implements NodeSshd {
  readonly version: SshdVersion
  readonly paths: NodePaths
  readonly hostKey: HostKey
  readonly warnings: readonly string[]
  reloads = 0
  readonly #ports: OwnPorts
  readonly #options: OwnSshdOptions
  readonly #configPath: string
  readonly #reload: DueReload
  /** The name of its service of PAM; undefined: it does without. */
  #service: string | undefined

  constructor(ports: OwnPorts, options: OwnSshdOptions, version: SshdVersion, hostKey: HostKey) {
    this.#ports = ports
    this.#options = options
    this.version = version
    this.hostKey = hostKey
    this.paths = nodePaths(join(options.directory, 'mezite'))
    this.#configPath = join(options.directory, 'sshd_config')
    this.#reload = new DueReload(ports.fs, this.paths.reloadDue)
    const hasOwnService = !isAtLeast(version, 9, 8) || isAtLeast(version, 10, 0)
    this.#service = hasOwnService ? `mezite-${options.port}` : undefined
    this.warnings = hasOwnService
      ? []
      : ["sshd 9.8 and 9.9 can't use a PAM service of their own: sessions are not told"]
  }

  async install(): Promise<void> {
    const { fs } = this.#ports
    const path = this.#configPath
    await this.#installService()
    const wanted = this.#config()
    const before = await onFiles(path, () => readIfThere(fs, path))
    if (before?.toString() !== wanted) {
      await this.#reload.note()
      await onFiles(path, () => writeFileDurably(fs, path, wanted, { mode: 0o600 }))
    }
    await checkConfig(this.#ports.programs, this.#options.sshd, path)
    await this.settle()
  }

  async expectHostCertificate(): Promise<void> {
    if (isAtLeast(this.version, 9, 8)) await this.#reload.note()
  }

  async settle(): Promise<void> {
    if (!(await this.#reload.isDue())) return
    if (await reloadListener(this.#ports.processes, this.#configPath)) this.reloads += 1
    await this.#reload.clear()
  }

  async supervise(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    const { clock, processes } = this.#ports
    while (!signal.aborted) {
      try {
        const running = findListener(processes, this.#configPath)
        if (running === undefined) await this.#start(signal, onFailure)
        else await this.#untilGone(running, signal)
      } catch (error) {
        onFailure(error)
      }
      if (!signal.aborted) await clock.sleep(RESTART_MS, signal).catch(() => undefined)
    }
    await this.#stop()
    await this.#removeService()
  }

  async uninstall(): Promise<void> {
    const { fs } = this.#ports
    const { directory } = this.#options
    await this.#stop()
    await this.#removeService()
    await onFiles(directory, () => fs.rm(directory, { recursive: true, force: true }))
  }

  async #start(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    const program = this.#program
    const parameters = ['-D', '-e', '-f', this.#configPath]
    const child = this.#ports.programs.start(program, parameters)
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    const how = await Promise.race([child.ended, stopped])
    if (how !== undefined && !signal.aborted) {
      onFailure(new NodeError('sshd-failed', `sshd ended: ${how}; it is started again`))
    }
  }

  /** One that an agent before this one has started. */
  async #untilGone(pid: number, signal: AbortSignal): Promise<void> {
    const { clock, processes } = this.#ports
    const listener = findProcess(processes.proc, pid)
    while (!signal.aborted && listener && isRunning(processes.proc, listener)) {
      await clock.sleep(POLL_MS, signal).catch(() => undefined)
    }
  }

  /** Ends the listener. Sessions go on; they are not its own. */
  async #stop(): Promise<void> {
    const { processes, clock } = this.#ports
    const pid = findListener(processes, this.#configPath)
    if (pid === undefined) return
    // One that reads its configuration again at this instant forgets that it was told to end.
    for (let polls = 0; findListener(processes, this.#configPath) === pid; polls++) {
      if (polls % TERM_EACH_POLLS === 0) this.#end(pid)
      await clock.sleep(POLL_MS / 10)
    }
  }

  #end(pid: number): void {
    try {
      this.#ports.processes.kill(pid, 'SIGTERM')
    } catch (error) {
      if (systemErrorCode(error) !== 'ESRCH') throw error
    }
  }

  /**
   * Up to 9.7 the service is the name that sshd was started by, hence the link; from 10.0 on there
   * is a setting.
   */
  get #program(): string {
    const { directory, sshd } = this.#options
    const isByName = this.#service !== undefined && !isAtLeast(this.version, 9, 8)
    return isByName ? join(directory, this.#service ?? '') : sshd
  }

  get #servicePath(): string | undefined {
    return this.#service && join(this.#options.pamDirectory, this.#service)
  }

  /** The machine's own service for sshd with the hook in it; without one there is no PAM here. */
  async #installService(): Promise<void> {
    const { fs } = this.#ports
    const { pamDirectory, sshd } = this.#options
    const path = this.#servicePath
    if (path === undefined) return
    const model = await fs.readFile(join(pamDirectory, 'sshd'), 'utf8').catch(() => undefined)
    if (model === undefined) {
      this.#service = undefined
      return
    }
    const text = withHook(withoutHook(model), this.paths.sessionHook)
    await onFiles(path, () => writeFileDurably(fs, path, text, { mode: 0o644 }))
    const program = this.#program
    // One that runs executes itself by this name for each connection.
    if (program !== sshd) await onFiles(program, () => swapSymlink(fs, sshd, program))
  }

  /** PAM has read it for the sessions that go on. */
  async #removeService(): Promise<void> {
    const path = this.#servicePath
    if (path !== undefined) await onFiles(path, () => removeDurably(this.#ports.fs, path))
  }

  #config(): string {
    const { port, listen } = this.#options
    const hostKey = this.hostKey.path
    return ownSshdConfig({
      ...{ port, listen, hostKey },
      knowsPenalties: isAtLeast(this.version, 9, 8),
      nodeSettings: nodeSettings(this.paths, [this.paths.hostCertificate(hostKey)]),
      usesPam: this.#service !== undefined,
      pamServiceName: isAtLeast(this.version, 10, 0) ? this.#service : undefined,
    })
  }
}
