/**
 * The machine's own sshd. Of its files this only adds one, a drop-in, and two lines to PAM's service
 * file; both are taken out again to the byte. Host keys and the administrator's settings stay.
 *
 * Before sshd is told to read its configuration it has judged it (`sshd -t`): a listener that is
 * told of a bad one ends, and nobody gets in any more.
 */
import { dirname, join } from 'node:path'
import {
  type FileSystem,
  readIfThere,
  removeDurably,
  writeFileDurably,
} from '../base/file-system.ts'
import { onFiles } from '../identity/errors.ts'
import { DueReload } from './due-reload.ts'
import { NodeError } from './errors.ts'
import { chooseHostKey, type HostKey } from './host-key.ts'
import { type NodePaths, nodePaths } from './node-paths.ts'
import type { NodeSshd } from './node-sshd.ts'
import { withHook, withoutHook } from './pam-config.ts'
import type { NodePorts } from './ports.ts'
import { checkConfig, effectiveSettings } from './sshd-check.ts'
import * as config from './sshd-config.ts'
import { reloadListener } from './sshd-listener.ts'
import { isAtLeast, readSshdVersion, type SshdVersion } from './sshd-version.ts'

export interface SystemSshdOptions {
  /** The program, absolute. */
  readonly sshd: string
  /** `/etc/ssh`. */
  readonly directory: string
  /** `/etc/pam.d/sshd`. */
  readonly pamService: string
}

type SystemPorts = Pick<NodePorts, 'fs' | 'programs' | 'processes'>

const DROP_IN = '10-mezite.conf'

/**
 * Looks whether the machine's sshd can be a node's; changes nothing.
 *
 * @throws NodeError `sshd-missing`, `sshd-not-including`, `sshd-occupied`, `sshd-refused`, `no-host-key`
 */
export async function openSystemSshd(
  ports: SystemPorts,
  options: SystemSshdOptions,
): Promise<NodeSshd> {
  const { fs, programs } = ports
  const { sshd, directory } = options
  const version = await readSshdVersion(programs, sshd)
  await makePrivilegeSeparationDirectory(fs)
  const configPath = join(directory, 'sshd_config')
  const dropInPath = join(directory, 'sshd_config.d', DROP_IN)
  const text = await onFiles(configPath, () => fs.readFile(configPath, 'utf8'))
  if (!config.includes(text, dropInPath)) {
    throw new NodeError('sshd-not-including', `${configPath} doesn't include ${dropInPath}`, {
      hint: `add this line at its top: ${config.includeLine(dropInPath)}`,
    })
  }
  const paths = nodePaths(join(directory, 'mezite'))
  const settings = await effectiveSettings(programs, sshd, configPath)
  const occupied = config.occupiedSettings(settings, paths)
  if (occupied.length > 0) {
    throw new NodeError(
      'sshd-occupied',
      `sshd has these settings already: ${occupied.join(', ')}`,
      {
        hint: 'a managed node needs them for itself; take them out, or keep this machine as it is',
      },
    )
  }
  const hostKey = await chooseHostKey(fs, settings.get('hostkey') ?? [])
  const hasPam = settings.get('usepam')?.[0] === 'yes' && (await isFile(fs, options.pamService))
  const pamService = hasPam ? options.pamService : undefined
  const pidFile = settings.get('pidfile')?.find((path) => path !== 'none')
  return new SystemSshd(ports, {
    sshd,
    version,
    configPath,
    dropInPath,
    paths,
    hostKey,
    pamService,
    pidFile,
  })
}

interface Found {
  readonly sshd: string
  readonly version: SshdVersion
  readonly configPath: string
  readonly dropInPath: string
  readonly paths: NodePaths
  readonly hostKey: HostKey
  /** Undefined: sshd doesn't ask PAM. */
  readonly pamService: string | undefined
  readonly pidFile: string | undefined
}

class SystemSshd implements NodeSshd {
  readonly version: SshdVersion
  readonly paths: NodePaths
  readonly hostKey: HostKey
  readonly warnings: readonly string[]
  reloads = 0
  readonly #ports: SystemPorts
  readonly #found: Found
  readonly #reload: DueReload

  constructor(ports: SystemPorts, found: Found) {
    this.version = found.version
    this.paths = found.paths
    this.hostKey = found.hostKey
    this.#ports = ports
    this.#found = found
    this.#reload = new DueReload(ports.fs, found.paths.reloadDue)
    const noPam = 'sshd runs without PAM: sessions are neither told nor ended (set UsePAM yes)'
    this.warnings = found.pamService === undefined ? [noPam] : []
  }

  async install(): Promise<void> {
    const { dropInPath, pamService } = this.#found
    const hostCertificates = [this.paths.hostCertificate(this.hostKey.path)]
    const wanted = config.dropIn(this.paths, hostCertificates)
    const before = await onFiles(dropInPath, () => readIfThere(this.#ports.fs, dropInPath))
    const wasDue = await this.#reload.isDue()
    if (before?.toString() !== wanted) {
      await this.#reload.note()
      await this.#write(dropInPath, wanted)
    }
    try {
      await this.#check(config.nodeSettings(this.paths, hostCertificates))
    } catch (error) {
      if (before === undefined) await this.#remove(dropInPath)
      else await this.#write(dropInPath, before)
      if (!wasDue) await this.#reload.clear()
      throw error
    }
    if (pamService) await this.#changeText(pamService, (it) => withHook(it, this.paths.sessionHook))
    await this.#reloadIfDue()
  }

  /** Up to 9.7 sshd reads host certificates for each connection. */
  async expectHostCertificate(): Promise<void> {
    if (isAtLeast(this.version, 9, 8)) await this.#reload.note()
  }

  async settle(): Promise<void> {
    if (!(await this.#reload.isDue())) return
    const { sshd, configPath } = this.#found
    await checkConfig(this.#ports.programs, sshd, configPath)
    await this.#reloadIfDue()
  }

  /** The machine's service manager sees to its sshd. */
  async supervise(): Promise<void> {}

  async uninstall(): Promise<void> {
    const { dropInPath, configPath, sshd, pamService } = this.#found
    if (pamService) await this.#changeText(pamService, withoutHook)
    await this.#remove(dropInPath)
    await checkConfig(this.#ports.programs, sshd, configPath)
    // The listener uses the files below until it has read its configuration again.
    await this.#tell()
    await onFiles(this.paths.directory, () =>
      this.#ports.fs.rm(this.paths.directory, { recursive: true, force: true }),
    )
  }

  async #reloadIfDue(): Promise<void> {
    if (!(await this.#reload.isDue())) return
    await this.#tell()
    await this.#reload.clear()
  }

  async #tell(): Promise<void> {
    const { configPath, pidFile } = this.#found
    if (await reloadListener(this.#ports.processes, configPath, pidFile)) this.reloads += 1
  }

  async #check(settings: readonly config.Setting[]): Promise<void> {
    const { sshd, configPath } = this.#found
    const { programs } = this.#ports
    await checkConfig(programs, sshd, configPath)
    const missing = config.missingSettings(
      await effectiveSettings(programs, sshd, configPath),
      settings.filter(([keyword]) => keyword !== 'LogLevel'),
    )
    if (missing.length === 0) return
    throw new NodeError('sshd-occupied', `another setting comes before: ${missing.join(', ')}`, {
      hint: `take it out of ${configPath} and its drop-ins, or move the Include line to the top`,
    })
  }

  async #changeText(path: string, change: (text: string) => string): Promise<void> {
    const { fs } = this.#ports
    await onFiles(path, async () => {
      const text = await fs.readFile(path, 'utf8')
      const changed = change(text)
      if (changed === text) return
      const { mode, uid, gid } = await fs.lstat(path)
      await writeFileDurably(fs, path, changed, { mode: mode & 0o7777, owner: { uid, gid } })
    })
  }

  async #write(path: string, text: string | Buffer): Promise<void> {
    const { fs } = this.#ports
    await onFiles(path, async () => {
      await fs.mkdir(dirname(path), { recursive: true, mode: 0o755 })
      await writeFileDurably(fs, path, text, { mode: 0o644 })
    })
  }

  async #remove(path: string): Promise<void> {
    await onFiles(path, () => removeDurably(this.#ports.fs, path))
  }
}

/** A link would be replaced by a file, so one isn't followed. */
async function isFile(fs: FileSystem, path: string): Promise<boolean> {
  return fs.lstat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
}

/** Packages make it at the start of the service; sshd doesn't judge a configuration without it. */
export async function makePrivilegeSeparationDirectory(fs: FileSystem): Promise<void> {
  await onFiles('/run/sshd', () => fs.mkdir('/run/sshd', { recursive: true, mode: 0o755 }))
}
