/** Which process is the sshd that listens, and reads its configuration again when it is told to. */
import { basename, isAbsolute } from 'node:path'
import { SECOND } from '../base/clock.ts'
import { systemErrorCode } from '../base/errors.ts'
import { NodeError } from './errors.ts'
import type { ProcessPorts } from './ports.ts'
import { commandLine, parentOf, processNumbers, readProc } from './proc.ts'

type ProcFiles = ProcessPorts['fs']

const DEFAULT_CONFIG = '/etc/ssh/sshd_config'

/**
 * The listener that was started with this configuration, which is this very file.
 * Undefined when there is none: sshd isn't running, or is started for each connection.
 *
 * @param pidFile where it writes its number, if it does: a title can be cut short
 */
export async function findListener(
  { fs }: Pick<ProcessPorts, 'fs'>,
  configPath: string,
  pidFile?: string,
): Promise<number | undefined> {
  const titled: number[] = []
  for (const pid of await processNumbers(fs)) {
    const words = await commandLine(fs, pid)
    if (!words.includes('[listener]') || configOf(words) !== configPath) continue
    if (await isSshdHere(fs, pid, configPath)) titled.push(pid)
  }
  for (const pid of titled) {
    // What it forks for a connection has its title until it executes itself.
    if (!titled.includes((await parentOf(fs, pid)) ?? 0)) return pid
  }
  const written = Number(pidFile && (await readProc(fs, pidFile)))
  if (!(written > 0) || isOfOneClient(await commandLine(fs, written))) return undefined
  return (await isSshdHere(fs, written, configPath)) ? written : undefined
}

/**
 * Whether the configuration that it sees is this very file. A container's sshd sees another; this
 * agent may have a view of its own (systemd gives it one), in which the files are the same.
 */
async function isSshdHere(fs: ProcFiles, pid: number, configPath: string): Promise<boolean> {
  const program = basename((await link(fs, `/proc/${pid}/exe`)) ?? '')
  // An update of the package leaves the old program running, "(deleted)".
  if (!/^sshd( \(deleted\))?$/.test(program)) return false
  const [seen, ours] = await Promise.all([
    identityOf(fs, `/proc/${pid}/root${configPath}`),
    identityOf(fs, configPath),
  ])
  return seen !== undefined && seen === ours
}

async function identityOf(fs: ProcFiles, path: string): Promise<string | undefined> {
  return fs.lstat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  )
}

/** `sshd: deploy [priv]`, `sshd: deploy@pts/0`: a number that was given anew since it was written. */
function isOfOneClient(title: readonly string[]): boolean {
  return title.some((word) => /^\[(?:priv|net|accepted|preauth)\]$|@/.test(word))
}

const POLL_MS = 20
/** How long a start or a reload may take on a machine that is busy with much else. */
const PATIENCE_MS = 20 * SECOND

/**
 * Has the listener read its configuration again, and returns once it listens with that one: it takes
 * no connections in between. To one that is on its way already another signal would say nothing, or
 * be its end, so that is waited for first.
 *
 * @returns whether there is a listener
 * @throws NodeError `sshd-failed` when it doesn't come to listen
 */
export async function reloadListener(
  ports: ProcessPorts,
  configPath: string,
  pidFile?: string,
): Promise<boolean> {
  const { fs, clock } = ports
  const find = () => findListener(ports, configPath, pidFile)
  const poll = async <T>(probe: () => Promise<T | undefined>): Promise<T> => {
    for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
      const found = await probe()
      if (found !== undefined) return found
      await clock.sleep(POLL_MS)
    }
    throw new NodeError('sshd-failed', "sshd doesn't listen", {
      hint: `its log says why; it accepts the configuration: sshd -t -f ${configPath}`,
    })
  }
  const pid = await poll(async () => {
    const listener = await find()
    if (listener === undefined) return (await isStarting(ports, configPath)) ? undefined : 'none'
    return (await catchesHangup(fs, listener)) ? listener : undefined
  })
  if (pid === 'none') return false
  const before = await imageOf(fs, pid)
  ports.kill(pid, 'SIGHUP')
  // Without a way to see that it is another image, that it was told has to be enough.
  if (before === undefined) return true
  await poll(async () => {
    const image = await imageOf(fs, pid)
    // One that its service manager has started anew has read the configuration, too.
    const listener = image === undefined ? await find() : pid
    if (listener === undefined || image === before) return undefined
    return (await catchesHangup(fs, listener)) || undefined
  })
  return true
}

/** An sshd that was started with this configuration, or is reading it again, and isn't listening yet. */
async function isStarting({ fs }: Pick<ProcessPorts, 'fs'>, configPath: string): Promise<boolean> {
  for (const pid of await processNumbers(fs)) {
    const [program = '', ...words] = await commandLine(fs, pid)
    if (!isAbsolute(program) || configOf(words) !== configPath) continue
    // It has no title yet. Those that only judge, or serve one connection, never listen.
    if (words.some((word) => /^-[^fopbcCEghu]*[tTGVRi]/.test(word))) continue
    if (await isSshdHere(fs, pid, configPath)) return true
  }
  return false
}

/** Between its start and its listening sshd doesn't know the signal yet, or ignores it. */
async function catchesHangup(fs: ProcFiles, pid: number): Promise<boolean> {
  const status = (await readProc(fs, `/proc/${pid}/status`)) ?? ''
  const [, caught = '0'] = /^SigCgt:\t([0-9a-f]+)$/m.exec(status) ?? []
  return (BigInt(`0x${caught}`) & 1n) === 1n
}

/**
 * Another one after each reload, for which sshd executes itself anew: by where the kernel has put its
 * parts. Undefined where not even root may see it.
 */
async function imageOf(fs: ProcFiles, pid: number): Promise<string | undefined> {
  try {
    return await readProc(fs, `/proc/${pid}/auxv`, 'latin1')
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}

/** From a title such as `sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups`. */
function configOf(words: readonly string[]): string {
  const index = words.findIndex((word) => word.startsWith('-f'))
  if (index < 0) return DEFAULT_CONFIG
  return words[index]?.slice(2) || (words[index + 1] ?? DEFAULT_CONFIG)
}

async function link(fs: ProcFiles, path: string): Promise<string | undefined> {
  try {
    return await fs.readlink(path)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined
    throw error
  }
}
