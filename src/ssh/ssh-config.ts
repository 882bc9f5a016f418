import { certificateTypeName } from './certificate.ts'
import { quoted, SshFormatError } from './errors.ts'
import { KEY_TYPES } from './key-type.ts'

/** One `Host` block of ssh_config(5). What is left out is not written, and ssh's default holds. */
export interface SshConfigHost {
  /** The names that a user types; no wildcards, so that no host can speak for another. */
  readonly names: readonly string[]
  readonly hostName?: string
  readonly port?: number
  readonly user?: string
  readonly hostKeyAlias?: string
  /** The three files are absolute paths. */
  readonly identityFile?: string
  readonly certificateFile?: string
  readonly userKnownHostsFile?: string
  readonly identitiesOnly?: boolean
  readonly strictHostKeyChecking?: boolean
  readonly hostKeyAlgorithms?: readonly string[]
}

/**
 * Certificates only. Without this ssh retries a host whose certificate is refused with its plain
 * key.
 */
export const HOST_CERTIFICATE_ALGORITHMS: readonly string[] = KEY_TYPES.flatMap((type) =>
  type === 'ssh-rsa'
    ? ['rsa-sha2-512-cert-v01@openssh.com', 'rsa-sha2-256-cert-v01@openssh.com']
    : [certificateTypeName(type)],
)

const HOST = /^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/
const NAME = /^[A-Za-z0-9_.:][A-Za-z0-9_.:-]*$/
const LOGIN = /^[A-Za-z0-9_.][A-Za-z0-9_.@+$-]*$/
const ALGORITHM = /^[a-z0-9-]+(?:@[a-z0-9.-]+)?$/

/**
 * The text of the blocks, in their order. ssh takes the first value that it finds for each keyword.
 *
 * @throws SshFormatError `forbidden` for a value that ssh would read as something else
 */
export function encodeSshConfig(hosts: readonly SshConfigHost[]): string {
  return hosts.map(encodeHost).join('\n')
}

function encodeHost(host: SshConfigHost): string {
  if (host.names.length === 0) throw forbidden('Host', '')
  const names = host.names.map((name) => checked('Host', name, NAME))
  const lines = [
    entry('HostName', host.hostName, (value) => percentDoubled(checked('HostName', value, HOST))),
    entry('Port', host.port, port),
    entry('User', host.user, (value) => checked('User', value, LOGIN)),
    entry('HostKeyAlias', host.hostKeyAlias, (value) => checked('HostKeyAlias', value, NAME)),
    entry('IdentityFile', host.identityFile, path),
    entry('CertificateFile', host.certificateFile, path),
    entry('UserKnownHostsFile', host.userKnownHostsFile, path),
    entry('IdentitiesOnly', host.identitiesOnly, yesOrNo),
    entry('StrictHostKeyChecking', host.strictHostKeyChecking, yesOrNo),
    entry('HostKeyAlgorithms', host.hostKeyAlgorithms, algorithms),
  ]
  return `Host ${names.join(' ')}\n${lines.join('')}`
}

function entry<Value>(
  keyword: string,
  value: Value | undefined,
  encode: (value: Value, keyword: string) => string,
): string {
  return value === undefined ? '' : `  ${keyword} ${encode(value, keyword)}\n`
}

/**
 * An absolute path in quotes. ssh then undoes backslashes, and later expands `%` and `${NAME}`; it
 * knows no way to write the latter literally.
 */
function path(value: string, keyword: string): string {
  if (!value.startsWith('/') || /\p{Cc}/u.test(value) || value.includes('${')) {
    throw forbidden(keyword, value, 'give an absolute path without control characters and "${"')
  }
  return `"${percentDoubled(value).replace(/["\\]/g, '\\$&')}"`
}

function port(value: number, keyword: string): string {
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw forbidden(keyword, String(value))
  }
  return String(value)
}

function algorithms(values: readonly string[], keyword: string): string {
  if (values.length === 0) throw forbidden(keyword, '')
  return values.map((value) => checked(keyword, value, ALGORITHM)).join(',')
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

function percentDoubled(value: string): string {
  return value.replaceAll('%', '%%')
}

function checked(keyword: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw forbidden(keyword, value)
  return value
}

function forbidden(keyword: string, value: string, hint?: string): SshFormatError {
  return new SshFormatError('forbidden', `${quoted(value)} can't stand after ${keyword}`, { hint })
}
