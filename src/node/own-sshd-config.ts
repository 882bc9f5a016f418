/** The configuration of an sshd of the agent's own. */
import { join } from 'node:path'
import type { FileSystem } from '../base/file-system.ts'
import { configLines, type Setting } from './sshd-config.ts'

export interface OwnSshdConfig {
  readonly port: number
  /** An address; undefined: all. */
  readonly listen: string | undefined
  readonly hostKey: string
  /** What makes it a node's. */
  readonly nodeSettings: readonly Setting[]
  readonly usesPam: boolean
  /** The setting of its PAM service, where sshd has one. */
  readonly pamServiceName: string | undefined
  /** Whether sshd knows penalties for refused logins. */
  readonly knowsPenalties: boolean
}

export function ownSshdConfig(config: OwnSshdConfig): string {
  const { port, listen, hostKey, nodeSettings, usesPam, pamServiceName, knowsPenalties } = config
  const settings: readonly Setting[] = [
    ['Port', String(port)],
    ...(listen === undefined ? [] : [['ListenAddress', listen] as const]),
    ['HostKey', hostKey],
    ...nodeSettings,
    ['UsePAM', usesPam ? 'yes' : 'no'],
    ...(pamServiceName === undefined ? [] : [['PAMServiceName', pamServiceName] as const]),
    ['AuthorizedKeysFile', 'none'],
    ['PasswordAuthentication', 'no'],
    ['KbdInteractiveAuthentication', 'no'],
    // All files that it reads are the agent's own, and the agent has looked at the way to them.
    ['StrictModes', 'no'],
    ['PidFile', 'none'],
    ['UseDNS', 'no'],
    ['PrintMotd', 'no'],
    ['MaxStartups', '200'],
    ['Subsystem', 'sftp internal-sftp'],
    // Refused logins would shut their address out, which many bots may share here.
    ...(knowsPenalties ? [['PerSourcePenalties', 'no'] as const] : []),
  ]
  return `# Written by mezd node.\n${configLines(settings)}`
}

/** Where an sshd of its own was installed to listen; undefined when there is none. */
export async function installedOwnSshd(
  fs: Pick<FileSystem, 'readFile'>,
  directory: string,
): Promise<Pick<OwnSshdConfig, 'port' | 'listen'> | undefined> {
  const path = join(directory, 'sshd_config')
  const text = await fs.readFile(path, 'utf8').catch(() => undefined)
  const [, port] = /^Port (\d{1,5})$/m.exec(text ?? '') ?? []
  const [, listen] = /^ListenAddress (\S+)$/m.exec(text ?? '') ?? []
  return port === undefined ? undefined : { port: Number(port), listen }
}
