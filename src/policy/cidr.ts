import { PolicyError } from './policy-error.ts'

interface Network {
  readonly bits: 32 | 128
  readonly address: bigint
  readonly format: (address: bigint) => string
}

/**
 * Returns an IPv4 or IPv6 network as it is when it is in its one canonical form (RFC 4632, section
 * 3.1; RFC 5952): sshd refuses every login of a certificate or a line whose network has bits beyond
 * its prefix, and one spelling each makes networks comparable as text.
 *
 * @throws PolicyError `malformed-option`, with the canonical form as hint where there is one
 */
export function checkCidr(text: string): string {
  const [, host = '', prefix] = /^([0-9a-fA-F.:]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const network = parseIpv4(host) ?? parseIpv6(host)
  const length = prefix === undefined ? network?.bits : Number(prefix)
  if (network === undefined || length === undefined || length > network.bits) {
    throw malformed(text, 'write it as 10.0.0.0/8 or 2001:db8::/32')
  }
  const rest = BigInt(network.bits - length)
  const canonical = `${network.format((network.address >> rest) << rest)}/${length}`
  if (canonical !== text) throw malformed(text, `write ${canonical}`)
  return text
}

function parseIpv4(text: string): Network | undefined {
  const bytes = text.split('.')
  if (bytes.length !== 4) return undefined
  if (!bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256))
    return undefined
  return {
    bits: 32,
    address: join(bytes.map(BigInt), 8n),
    format: (address) => split(address, 8n, 4).join('.'),
  }
}

/** The dotted tail of RFC 4291, section 2.2, form 3 is left out: sshd sees such peers as IPv4. */
function parseIpv6(text: string): Network | undefined {
  const [head = '', tail, ...more] = text.split('::')
  const left = groups(head)
  const right = groups(tail ?? '')
  const missing = 8 - left.length - right.length
  const complete = tail === undefined ? missing === 0 : missing >= 1
  if (more.length > 0 || !complete) return undefined
  if (![...left, ...right].every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const all = [...left, ...new Array<string>(missing).fill('0'), ...right]
  return {
    bits: 128,
    address: join(
      all.map((group) => BigInt(`0x${group}`)),
      16n,
    ),
    format: formatIpv6,
  }
}

function formatIpv6(address: bigint): string {
  const full = split(address, 16n, 8)
    .map((group) => group.toString(16))
    .join(':')
  // WHATWG URL, "IPv6 serializer": lower case, the first longest run of zero groups as `::`.
  return new URL(`http://[${full}]`).hostname.slice(1, -1)
}

const groups = (text: string) => (text === '' ? [] : text.split(':'))

const join = (parts: readonly bigint[], width: bigint) =>
  parts.reduce((address, part) => (address << width) | part, 0n)

const split = (address: bigint, width: bigint, count: number) =>
  Array.from(
    { length: count },
    (_, i) => (address >> (width * BigInt(count - 1 - i))) & ((1n << width) - 1n),
  )

function malformed(text: string, hint: string): PolicyError {
  return new PolicyError('malformed-option', `${JSON.stringify(text)} is not a network`, { hint })
}
