/** Which process is the sshd that listens, and reads its configuration again when it is told to. */
import { isAbsolute } from 'node:path'
import { SECOND } from '../base/clock.ts'
import { NodeError } from './errors.ts'
import type { ProcessPorts, ProcFiles } from './ports.ts'
import {
  commandLine,
  findProcess,
  processNumbers,
  programOf,
  readProc,
  realUser,
  unlessGone,
  unlessHidden,
} from './proc.ts'

const DEFAULT_CONFIG = '/etc/ssh/sshd_config'

/**
 * The listener that was started with this configuration, in this process's own view of the files.
 * Undefined when there is none: sshd isn't running, or is started for each connection.
 *
 * @param pidFile where it writes its number, if it does: a title can be cut short
 */
export function findListener(
  { proc }: Pick<ProcessPorts, 'proc'>,
  configPath: string,
  pidFile?: string,
): number | undefined {
  const here = sshdsHere(proc, configPath)
  // What it forks for a connection has its title until it executes itself; by then the listener may
  // have lost its own to a reload.
  const isForked = (pid: number) => {
    const parent = findProcess(proc, pid)?.parent ?? 0
    return here.includes(parent) && !isOfOneClient(commandLine(proc, parent))
  }
  const found = here.find((pid) => {
    const words = commandLine(proc, pid)
    return words.includes('[listener]') && configOf(words) === configPath && !isForked(pid)
  })
  if (found !== undefined) return found
  const written = Number(pidFile && readProc(proc, pidFile))
  if (!(written > 0) || !isSshdHere(proc, written, configPath)) return undefined
  return isOfOneClient(commandLine(proc, written)) ? undefined : written
}

function sshdsHere(proc: ProcFiles, configPath: string): readonly number[] {
  return processNumbers(proc).filter((pid) => isSshdHere(proc, pid, configPath))
}

/**
 * Whether it is root's sshd (whoever else starts one can make its command line a riddle) and the
 * configuration that it sees is this very file. A container's sshd sees another; this agent may have
 * a view of its own (systemd gives it one), in which the files are the same.
 */
function isSshdHere(proc: ProcFiles, pid: number, configPath: string): boolean {
  if (programOf(proc, pid) !== 'sshd' || realUser(proc, pid) !== 0) return false
  const seen = identityOf(proc, `/proc/${pid}/root${configPath}`)
  return seen !== undefined && seen === identityOf(proc, configPath)
}

function identityOf(proc: ProcFiles, path: string): string | undefined {
  const stats = unlessHidden(() => unlessGone(() => proc.lstatSync(path, { bigint: true })))
  return stats && `${stats.dev}:${stats.ino}`
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
  const { proc, clock } = ports
  const find = () => findListener(ports, configPath, pidFile)
  const poll = async <T>(probe: () => T | undefined): Promise<T> => {
    for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
      const found = probe()
      if (found !== undefined) return found
      await clock.sleep(POLL_MS)
    }
    throw new NodeError('sshd-failed', "sshd doesn't listen", {
      hint: `its log says why; it accepts the configuration: sshd -t -f ${configPath}`,
    })
  }
  let missing = 0
  const pid = await poll(() => {
    const listener = find()
    if (listener !== undefined) return isListening(proc, listener) ? listener : undefined
    // One that is just giving itself its title is neither for an instant.
    missing = isStarting(proc, configPath) ? 0 : missing + 1
    return missing === 2 ? 'none' : undefined
  })
  if (pid === 'none') return false
  const before = imageOf(proc, pid)
  ports.kill(pid, 'SIGHUP')
  // Without a way to see that it is another image, that it was told has to be enough.
  if (before === undefined) return true
  await poll(() => {
    const image = imageOf(proc, pid)
    // One that its service manager has started anew has read the configuration, too.
    const listener = image === undefined ? find() : pid
    if (listener === undefined || image === before) return undefined
    return isListening(proc, listener) || undefined
  })
  return true
}

/** An sshd that was started with this configuration, or is reading it again, and isn't listening yet. */
function isStarting(proc: ProcFiles, configPath: string): boolean {
  return sshdsHere(proc, configPath).some((pid) => {
    const [program = '', ...words] = commandLine(proc, pid)
    if (!isAbsolute(program) || configOf(words) !== configPath) return false
    // It has no title yet. Those that only judge, or serve one connection, never listen.
    return !words.some((word) => /^-[^fopbcCEghu]*[tTGVRi]/.test(word))
  })
}

/**
 * Whether it waits for connections, and no signal is on its way to it. Between its start and its
 * listening sshd doesn't know the signal yet, or ignores it; once it has one it doesn't sleep before
 * it executes itself anew.
 */
function isListening(proc: ProcFiles, pid: number): boolean {
  const status = readProc(proc, `/proc/${pid}/status`) ?? ''
  const has = (mask: string) => {
    const [, bits = '0'] = new RegExp(`^${mask}:\\t([0-9a-f]+)$`, 'm').exec(status) ?? []
    return (BigInt(`0x${bits}`) & 1n) === 1n
  }
  return /^State:\tS/m.test(status) && has('SigCgt') && !has('SigPnd') && !has('ShdPnd')
}

/**
 * Another one after each reload, for which sshd executes itself anew: by where the kernel has put its
 * parts. Undefined where not even root may see it, and when it has ended.
 */
function imageOf(proc: ProcFiles, pid: number): string | undefined {
  return unlessHidden(() => readProc(proc, `/proc/${pid}/auxv`, 'latin1')) || undefined
}

/** From a title such as `sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups`. */
function configOf(words: readonly string[]): string {
  const index = words.findIndex((word) => word.startsWith('-f'))
  if (index < 0) return DEFAULT_CONFIG
  return words[index]?.slice(2) || (words[index + 1] ?? DEFAULT_CONFIG)
}
