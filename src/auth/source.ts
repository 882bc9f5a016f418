import { isIPv4, isIPv6 } from 'node:net'

/**
 * Where a caller comes from, for what is counted by source: an IPv4 address, or the /64 of an IPv6
 * one, of which its holder has every address (RFC 6177, section 2). Empty where there is no address.
 */
export function sourceOf(address: string): string {
  if (isIPv4(address) || !isIPv6(address)) return address
  const [plain = ''] = address.split('%')
  const mapped = /^::ffff:([\d.]+)$/i.exec(plain)?.[1]
  if (mapped !== undefined) return mapped
  return `${groupsOf(plain).slice(0, 4).join(':')}::/64`
}

/** All eight, without leading zeros. What an IPv4 address at the end stands for plays no part here. */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.toLowerCase().split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const embedded = address.includes('.') ? 1 : 0
  const missing = Math.max(0, 8 - embedded - before.length - after.length)
  const all = [...before, ...Array.from({ length: missing }, () => '0'), ...after]
  return all.map((group) => group.replace(/^0+(?=.)/, ''))
}
