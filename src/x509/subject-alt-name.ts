import { encodeElement, encodeSequence, encodeText, TAG } from './der.ts'
import { DerReader } from './der-reader.ts'
import { X509Error } from './errors.ts'
import { parseIpAddress } from './ip-address.ts'

/** GeneralName's choices (RFC 5280, 4.2.1.6). */
const DNS_NAME = TAG.context(2)
const URI = TAG.context(6)
const IP_ADDRESS = TAG.context(7)

/** Room for every address of a hub, and a bound on its certificate. */
const MOST_NAMES = 100

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const HOST = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`)

/** GeneralNames of one URI. */
export function encodeUriName(uri: string): Buffer {
  return encodeSequence(encodeText(URI, uri))
}

/**
 * The URI of GeneralNames that are one URI and nothing else.
 *
 * @throws X509Error `malformed-certificate`, `profile-mismatch`
 */
export function parseUriName(value: Buffer): string {
  const file = new DerReader(value)
  const names = file.enter(TAG.sequence)
  file.end()
  const uri = names.optional(URI)
  if (!uri || !names.done) {
    throw new X509Error('profile-mismatch', 'the subject alternative name is not exactly one URI')
  }
  return uri.content.toString('latin1')
}

/**
 * GeneralNames of a server: lower-case DNS names without wildcards, then addresses.
 *
 * @throws X509Error `invalid-request`
 */
export function encodeHostNames(
  dnsNames: readonly string[],
  ipAddresses: readonly string[],
): Buffer {
  if (dnsNames.length + ipAddresses.length > MOST_NAMES) {
    throw new X509Error('invalid-request', `a server certificate has at most ${MOST_NAMES} names`)
  }
  return encodeSequence(
    ...dnsNames.map((name) => encodeText(DNS_NAME, checkedDnsName(name))),
    ...ipAddresses.map((address) => encodeElement(IP_ADDRESS, checkedIpAddress(address))),
  )
}

function checkedDnsName(name: string): string {
  // A last label of digits alone is an IPv4 address, perhaps mistyped, to every resolver.
  if (name.length <= 253 && HOST.test(name) && !/(?:^|\.)[0-9]+$/.test(name)) return name
  throw new X509Error('invalid-request', `${JSON.stringify(name)} is not a DNS name`, {
    hint: 'write it in lower case, without a wildcard, a port or a dot at the end',
  })
}

function checkedIpAddress(text: string): Buffer {
  const address = parseIpAddress(text)
  if (address) return address
  throw new X509Error('invalid-request', `${JSON.stringify(text)} is not an IP address`, {
    hint: 'write it without brackets, zone, prefix or port: 192.0.2.1, 2001:db8::1',
  })
}
