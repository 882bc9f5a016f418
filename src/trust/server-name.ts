/**
 * The name that a client asks the hub's server by (RFC 6066, section 3). It says which TLS CA the client
 * knows, so that a hub that has two answers with a certificate of that one. A hub that has one, or is of
 * an earlier release, answers any name with the certificate that it has.
 */
import { HUB_SERVER_NAME } from '../x509/issue.ts'

/** @param pin as in a join token */
export function serverNameFor(pin: Uint8Array): string {
  return `pin-${Buffer.from(pin).toString('hex')}.${HUB_SERVER_NAME}`
}
