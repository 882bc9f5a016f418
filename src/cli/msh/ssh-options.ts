import { CliError } from '../cli-error.ts'
import { type HostBlock, hostBlockOptions } from './host-block.ts'
import type { IdentityFiles } from './identity-files.ts'

export interface ClientSettings {
  readonly identity: IdentityFiles
  /** What the destination says about the host; undefined for a host that it doesn't know. */
  readonly block: HostBlock | undefined
  /** `-o` of the caller, which win: ssh takes the first value of a keyword. */
  readonly options: readonly string[]
  /** Further files with hosts' keys. */
  readonly knownHosts: readonly string[]
  /** An ssh_config of the caller's. */
  readonly sshConfig: string | undefined
}

/**
 * The parameters that ssh, scp and sftp have in common.
 *
 * Without a file of the caller's ssh reads no configuration: another key, an open ControlMaster or a
 * laxer check of hosts must not slip in from ~/.ssh/config.
 */
export function clientOptions(settings: ClientSettings): readonly string[] {
  const { identity, block, options, sshConfig } = settings
  const all = [
    ...options,
    `IdentityFile=${quotedPath(identity.keyFile)}`,
    `CertificateFile=${quotedPath(identity.certificateFile)}`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    `UserKnownHostsFile=${knownHostsFiles(settings).join(' ')}`,
    'StrictHostKeyChecking=yes',
    'PreferredAuthentications=publickey',
    'PasswordAuthentication=no',
    'KbdInteractiveAuthentication=no',
    ...hostBlockOptions(block),
  ]
  return ['-F', sshConfig ?? 'none', ...all.flatMap((option) => ['-o', option])]
}

/**
 * A node of the destination is known by the Host CA alone, unless the caller names a file: ssh takes
 * a host's plain key when its certificate has expired, if that key is known. For other hosts the
 * user's own file counts too; ssh finds it by the account's entry, not by the environment.
 */
function knownHostsFiles({ identity, knownHosts, block }: ClientSettings): readonly string[] {
  const { knownHostsFile } = identity
  const own = knownHostsFile === undefined ? [] : [knownHostsFile]
  const named = [...own, ...knownHosts].map(quotedPath)
  const files = block === undefined ? [...named, '~/.ssh/known_hosts'] : named
  return files.length === 0 ? ['none'] : files
}

/**
 * An absolute path as a value of ssh_config(5): in quotes, inside which `"` and `\` are escaped;
 * `%` is doubled, because it starts a token. There is no way to write a literal `${`.
 *
 * @throws CliError `usage`
 */
export function quotedPath(path: string): string {
  if (/\p{Cc}/u.test(path) || path.includes('${')) {
    throw new CliError('usage', `ssh can't be given the path ${JSON.stringify(path)}`, {
      hint: 'use one without control characters and without "${"',
    })
  }
  return `"${path.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`
}
