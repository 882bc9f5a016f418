import { type CertificateOption, type CertificateProfile, MOST_PRINCIPALS } from './certificate.ts'
import { quoted, SshFormatError } from './errors.ts'

const UINT64_MAX = 2n ** 64n - 1n
const NAME = /^[A-Za-z0-9._:/@+-]{1,255}$/
/** An address or a network of sshd's address lists; sshd itself refuses the impossible ones. */
const NETWORKS = /^[0-9A-Fa-f.:]+(\/\d{1,3})?(,[0-9A-Fa-f.:]+(\/\d{1,3})?)*$/
const LONGEST_VALUE = 4096
const NONCE_BYTES = { least: 16, most: 64 }

/** The critical options that sshd knows; it refuses a login for any other. */
const CRITICAL_OPTIONS: Readonly<Record<string, (value: string) => boolean>> = {
  'force-command': (value) => value.trim() !== '' && !/\p{Cc}/u.test(value),
  'source-address': (value) => NETWORKS.test(value),
  'verify-required': (value) => value === '',
}

/** Flags that open something. `permit-user-rc` lets a login's own file run: it is never granted. */
const EXTENSIONS: ReadonlySet<string> = new Set([
  'permit-X11-forwarding',
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
])

/** Extensions that are not OpenSSH's own carry their owner's domain. */
const OWN_EXTENSION = /^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$/

/**
 * The rules that every certificate of Mezite keeps, for each thing that sshd would take amiss:
 * a key ID with a newline forges log lines, serial 0 can't be revoked, no principals means anyone,
 * an unknown critical option shuts everyone out.
 *
 * Options may come in any order, each name once.
 *
 * @throws SshFormatError `forbidden`
 */
export function checkProfile(profile: CertificateProfile): void {
  const { serial, keyId, validPrincipals, validAfter, validBefore } = profile
  refuse(serial < 1n || serial > UINT64_MAX, 'the serial is not in 1 … 2^64-1')
  checkName('key ID', keyId)
  refuse(validPrincipals.length === 0, 'the certificate has no principals and is valid for anyone')
  refuse(validPrincipals.length > MOST_PRINCIPALS, `more than ${MOST_PRINCIPALS} principals`)
  for (const principal of validPrincipals) checkName('principal', principal)
  refuse(new Set(validPrincipals).size < validPrincipals.length, 'a principal stands twice')
  refuse(validAfter < 0n || validBefore > UINT64_MAX, 'the validity is not in 0 … 2^64-1 seconds')
  refuse(validAfter >= validBefore, 'the certificate ends before it begins')
  checkOptions(profile)
}

/** @throws SshFormatError `forbidden` unless there are 16 to 64 bytes */
export function checkNonce(nonce: Uint8Array): void {
  const { least, most } = NONCE_BYTES
  refuse(nonce.length < least || nonce.length > most, `a nonce is ${least} to ${most} random bytes`)
}

/**
 * Key IDs and principals: 1 to 255 of `A-Za-z0-9._:/@+-`.
 *
 * @param what names the thing in the error
 * @throws SshFormatError `forbidden`
 */
export function checkName(what: string, name: string): void {
  if (NAME.test(name)) return
  throw new SshFormatError('forbidden', `${quoted(name)} is not accepted as a ${what}`, {
    hint: 'use 1 to 255 letters, digits, and . _ : / @ + -',
  })
}

function checkOptions({ type, criticalOptions, extensions }: CertificateProfile): void {
  const options = [...criticalOptions, ...extensions]
  refuse(type === 'host' && options.length > 0, "a host's certificate has no options")
  for (const { name, value } of options) {
    refuse(value.length > LONGEST_VALUE, `the value of ${name} is longer than ${LONGEST_VALUE}`)
  }
  checkUnique(criticalOptions)
  checkUnique(extensions)
  for (const { name, value } of criticalOptions) {
    const accepts = Object.hasOwn(CRITICAL_OPTIONS, name) ? CRITICAL_OPTIONS[name] : undefined
    refuse(accepts === undefined, `sshd knows no critical option ${quoted(name)}`)
    refuse(accepts?.(value) === false, `${quoted(value)} is not accepted for ${name}`)
  }
  for (const { name, value } of extensions) {
    const flag = EXTENSIONS.has(name)
    refuse(!flag && !OWN_EXTENSION.test(name), `the extension ${quoted(name)} is never granted`)
    refuse(flag && value !== '', `the extension ${name} takes no value`)
    refuse(value.includes('\0'), `the value of ${name} holds a NUL`)
  }
}

function checkUnique(options: readonly CertificateOption[]): void {
  const names = new Set(options.map(({ name }) => name))
  refuse(names.size < options.length, 'an option stands twice')
}

function refuse(condition: boolean, message: string): void {
  if (condition) throw new SshFormatError('forbidden', message)
}
