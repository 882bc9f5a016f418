import { quoted, SshFormatError } from './errors.ts'
import { encodePublicKeyLine, parsePublicKeyLine, type SshPublicKey } from './public-key.ts'

/** `@cert-authority`: the key signs hosts' certificates. `@revoked`: the key is refused. */
export type KnownHostMarker = 'cert-authority' | 'revoked'

/** One line of a known_hosts file (SSH_KNOWN_HOSTS FILE FORMAT in sshd(8)). */
export interface KnownHost {
  /** Undefined: the key is the host's own. */
  readonly marker: KnownHostMarker | undefined
  /** `name`, `*.example.com`, `!name`, `[name]:port`; at least one. */
  readonly patterns: readonly string[]
  readonly key: SshPublicKey
  readonly comment: string
}

const PATTERN = /^!?(?:[A-Za-z0-9._:%*?-]+|\[[A-Za-z0-9._:%*?-]+\]:([1-9]\d{0,4}))$/
const SSH_PORT = 22

/** What ssh looks up for a host at a port: the plain name on port 22, `[host]:port` elsewhere. */
export function hostPattern(host: string, port: number = SSH_PORT): string {
  const pattern = port === SSH_PORT ? host : `[${host}]:${port}`
  checkPattern(pattern, 'forbidden')
  return pattern
}

/**
 * One line, without a newline.
 *
 * @throws SshFormatError `forbidden` for a pattern or comment that would change the line's meaning
 */
export function encodeKnownHost(entry: KnownHost): string {
  const { marker, patterns, key, comment } = entry
  if (patterns.length === 0) {
    throw new SshFormatError('forbidden', 'a line of known_hosts names at least one host')
  }
  for (const pattern of patterns) checkPattern(pattern, 'forbidden')
  const line = `${patterns.join(',')} ${encodePublicKeyLine(key, comment)}`
  return marker === undefined ? line : `@${marker} ${line}`
}

/**
 * Reads a line as `encodeKnownHost` writes it, with or without the newline that ends it.
 *
 * @throws SshFormatError `malformed`, also for hashed names
 */
export function parseKnownHost(line: string): KnownHost {
  const [, marker, patterns = '', rest = ''] =
    /^(?:@(cert-authority|revoked) )?(\S+) (.*)$/s.exec(line) ?? []
  const names = patterns.split(',')
  for (const name of names) checkPattern(name, 'malformed')
  return {
    marker: marker === 'cert-authority' || marker === 'revoked' ? marker : undefined,
    patterns: names,
    ...parsePublicKeyLine(rest),
  }
}

function checkPattern(pattern: string, code: 'forbidden' | 'malformed'): void {
  const [, port = '22'] = PATTERN.exec(pattern) ?? ['', '0']
  if (port === '0' || Number(port) > 65_535) {
    throw new SshFormatError(code, `${quoted(pattern)} is not a pattern of known_hosts`, {
      hint: 'write name, *.example.com, 192.0.2.1 or [name]:port',
    })
  }
}
