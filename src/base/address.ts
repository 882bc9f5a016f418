import { isIPv4, isIPv6 } from 'node:net'
import { MeziteError } from './errors.ts'

/** Where something listens: a name or IP address (IPv6 without brackets), and a TCP port. */
export interface Address {
  readonly host: string
  readonly port: number
}

export class AddressError extends MeziteError<'malformed'> {}

/** A name as in RFC 1123, section 2.1; underscores because real networks have them. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/i

/**
 * Reads `HOST:PORT` and `[IPV6]:PORT`; without a port where `defaultPort` is given. Port 0 is
 * accepted: where to listen, it means any free port.
 *
 * @throws AddressError `malformed`
 */
export function parseAddress(text: string, defaultPort?: number): Address {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text)
  const [, bracketed, bare, portText] = match ?? []
  const host = bracketed ?? bare ?? ''
  const port = portText === undefined ? defaultPort : Number(portText)
  const wellFormed = bracketed === undefined ? isHost(host) : isIPv6(host)
  if (!wellFormed || port === undefined || port > 65_535) {
    throw new AddressError('malformed', `"${text}" is not an address`, {
      hint: 'write HOST:PORT, with an IPv6 address in brackets: hub.example.com:3025, [::1]:3025',
    })
  }
  return { host, port }
}

/** What `parseAddress` reads back. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function isHost(text: string): boolean {
  return isIPv4(text) || (HOST_NAME.test(text) && !/^[\d.]+$/.test(text))
}
