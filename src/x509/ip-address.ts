/** The 4 or 16 octets of an address, or undefined for any other text. No zones. */
export function parseIpAddress(text: string): Buffer | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Four decimal numbers without leading zeros, which some readers take as octal. */
function parseIpv4(text: string): Buffer | undefined {
  const parts = text.split('.')
  const isOctet = (part: string) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256
  return parts.length === 4 && parts.every(isOctet) ? Buffer.from(parts.map(Number)) : undefined
}

/** The forms of RFC 4291, 2.2: eight groups, one run of zeros as `::`, IPv4 at the end. */
function parseIpv6(text: string): Buffer | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const front = parseGroups(head, tail === undefined)
  const back = tail === undefined ? Buffer.alloc(0) : parseGroups(tail, true)
  if (!front || !back) return undefined
  const zeros = 16 - front.length - back.length
  const fits = tail === undefined ? zeros === 0 : zeros >= 2
  return fits ? Buffer.concat([front, Buffer.alloc(zeros), back]) : undefined
}

function parseGroups(text: string, last: boolean): Buffer | undefined {
  if (text === '') return Buffer.alloc(0)
  const groups = text.split(':')
  const octets: Buffer[] = []
  for (const [index, group] of groups.entries()) {
    const isEnd = last && index === groups.length - 1
    const part = /^[0-9a-fA-F]{1,4}$/.test(group)
      ? Buffer.from(group.padStart(4, '0'), 'hex')
      : isEnd
        ? parseIpv4(group)
        : undefined
    if (!part) return undefined
    octets.push(part)
  }
  return Buffer.concat(octets)
}
