/** Which process is the sshd that listens, and reads its configuration again when it is told to. */
import { basename } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import type { ProcessPorts } from './ports.ts'
import { commandLine, processNumbers, readProc } from './proc.ts'

const DEFAULT_CONFIG = '/etc/ssh/sshd_config'

/**
 * The listener that was started with this configuration, in this process's own view of the files.
 * Undefined when there is none: sshd isn't running, or is started for each connection.
 *
 * @param pidFile where it writes its number, if it does: a title can be cut short
 */
export async function findListener(
  { fs }: Pick<ProcessPorts, 'fs'>,
  configPath: string,
  pidFile?: string,
): Promise<number | undefined> {
  const ownFiles = await link(fs, '/proc/self/ns/mnt')
  const isSshdHere = async (pid: number) => {
    const program = basename((await link(fs, `/proc/${pid}/exe`)) ?? '')
    // An update of the package leaves the old program running, "(deleted)".
    if (!/^sshd( \(deleted\))?$/.test(program)) return false
    return (await link(fs, `/proc/${pid}/ns/mnt`)) === ownFiles
  }
  for (const pid of await processNumbers(fs)) {
    const words = await commandLine(fs, pid)
    if (!words.includes('[listener]') || configOf(words) !== configPath) continue
    if (await isSshdHere(pid)) return pid
  }
  const written = Number(pidFile && (await readProc(fs, pidFile)))
  if (!(written > 0) || isOfOneClient(await commandLine(fs, written))) return undefined
  return (await isSshdHere(written)) ? written : undefined
}

/** `sshd: deploy [priv]`, `sshd: deploy@pts/0`: a number that was given anew since it was written. */
function isOfOneClient(title: readonly string[]): boolean {
  return title.some((word) => /^\[(?:priv|net|accepted|preauth)\]$|@/.test(word))
}

/** Tells the listener to read its configuration again. @returns whether there is one */
export async function reloadListener(
  ports: ProcessPorts,
  configPath: string,
  pidFile?: string,
): Promise<boolean> {
  const pid = await findListener(ports, configPath, pidFile)
  if (pid === undefined) return false
  ports.kill(pid, 'SIGHUP')
  return true
}

/** From a title such as `sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups`. */
function configOf(words: readonly string[]): string {
  const index = words.findIndex((word) => word.startsWith('-f'))
  if (index < 0) return DEFAULT_CONFIG
  return words[index]?.slice(2) || (words[index + 1] ?? DEFAULT_CONFIG)
}

async function link(fs: ProcessPorts['fs'], path: string): Promise<string | undefined> {
  try {
    return await fs.readlink(path)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined
    throw error
  }
}
