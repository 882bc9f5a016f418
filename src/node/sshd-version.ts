import { NodeError } from './errors.ts'
import type { Programs } from './programs.ts'

export interface SshdVersion {
  readonly major: number
  readonly minor: number
  /** `9.2p1`. */
  readonly text: string
}

/**
 * What `sshd -V` prints. Before 9.1 there was no such option: sshd complains of it, and still says
 * its version.
 */
export function parseSshdVersion(output: string): SshdVersion | undefined {
  const [, major, minor, portable = ''] = /OpenSSH_(\d{1,3})\.(\d{1,3})(p\d+)?/.exec(output) ?? []
  if (major === undefined || minor === undefined) return undefined
  const text = `${major}.${minor}${portable}`
  return { major: Number(major), minor: Number(minor), text }
}

/** @throws NodeError `sshd-missing` */
export async function readSshdVersion(programs: Programs, sshd: string): Promise<SshdVersion> {
  const { stdout, stderr } = await programs.run(sshd, ['-V'])
  const version = parseSshdVersion(stdout + stderr)
  if (version !== undefined) return version
  throw new NodeError('sshd-missing', `${sshd} is not an OpenSSH server`, {
    hint: 'install it (apt-get install openssh-server), or name it with --sshd-path',
  })
}

export function isAtLeast(version: SshdVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor)
}
