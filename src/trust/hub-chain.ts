/**
 * Recognises the hub by the key of its TLS CA, as a join token pins it. The certificates that a TLS server presented are
 * the hub's when one of them is a CA with the pinned key, and that CA issued the first one, which
 * is a server certificate in the hub's name. That the server holds the first one's private key is
 * for TLS to prove.
 */
import { X509Certificate } from 'node:crypto'
import { equalBytes } from '../base/bytes.ts'
import { formatTime } from '../base/clock.ts'
import { MeziteError } from '../base/errors.ts'
import { type ParsedCa, parseCa } from '../x509/authority.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { X509Error } from '../x509/errors.ts'
import { HUB_SERVER_NAME } from '../x509/issue.ts'
import { requireLeafProfile } from '../x509/profile.ts'
import { spkiPin } from '../x509/public-key.ts'
import type { Validity } from '../x509/validity.ts'
import { verifyIssuedBy } from '../x509/verify.ts'

/**
 * - `other-hub`: no CA with the pinned key, or it didn't issue the server's certificate
 * - `other-ca`: the same, but it is a hub: of another cluster, or of this one after a rotation of its CA
 * - `not-a-server`: issued by the pinned CA, but not for the hub's server
 * - `clock-skew`: all is right but the time
 */
export class HubChainError extends MeziteError<
  'other-hub' | 'other-ca' | 'not-a-server' | 'clock-skew'
> {}

/** A hub sends two: its own and its CA's. Room for a CA that is being replaced, and a bound. */
const MOST_CERTIFICATES = 8

/**
 * Returns the pinned CA, DER, from the certificates (DER, the server's own first) presented at
 * `nowMs`, milliseconds since the epoch. `pin` is as in `JoinToken`.
 *
 * @throws HubChainError
 */
export function findPinnedAuthority(
  presented: readonly Uint8Array[],
  pin: Uint8Array,
  nowMs: number,
): Buffer {
  const [leaf, ...others] = presented.slice(0, MOST_CERTIFICATES)
  const authority = others.find((certificate) => hasPin(certificate, pin))
  if (leaf === undefined || authority === undefined) {
    if (leaf !== undefined && others.some((other) => isHubOf(leaf, other, nowMs))) throw otherCa()
    throw otherHub("this server has no certificate of the cluster's TLS CA")
  }
  const ca = readPinned(authority)
  requireIssued(leaf, ca, nowMs)
  requireHubServer(leaf)
  return ca.der
}

/** Whether that is a hub's certificate of that CA, whoever's CA it is. */
function isHubOf(leaf: Uint8Array, authority: Uint8Array, nowMs: number): boolean {
  try {
    requireIssued(leaf, parseCa(authority), nowMs)
    requireHubServer(leaf)
    return true
  } catch {
    return false
  }
}

function hasPin(certificate: Uint8Array, pin: Uint8Array): boolean {
  try {
    return equalBytes(spkiPin(certificate), pin)
  } catch (error) {
    // A certificate in a form that we don't read may well stand beside ours.
    if (error instanceof X509Error) return false
    throw error
  }
}

function readPinned(certificate: Uint8Array): ParsedCa {
  try {
    return parseCa(certificate)
  } catch (cause) {
    throw otherHub("what has the key of the cluster's TLS CA is not a CA", cause)
  }
}

function requireIssued(leaf: Uint8Array, ca: ParsedCa, nowMs: number): void {
  try {
    verifyIssuedBy(leaf, ca, nowMs)
  } catch (cause) {
    const isAboutTime =
      cause instanceof X509Error && (cause.code === 'expired' || cause.code === 'not-yet-valid')
    if (isAboutTime) throw clockSkew(parseCertificate(leaf).validity, ca.validity, nowMs, cause)
    throw otherHub("the cluster's TLS CA did not issue the certificate of this server", cause)
  }
}

function requireHubServer(leaf: Uint8Array): void {
  try {
    requireLeafProfile(parseCertificate(leaf), 'server')
    if (new X509Certificate(leaf).checkHost(HUB_SERVER_NAME) !== undefined) return
  } catch (cause) {
    throw notAServer(cause)
  }
  throw notAServer()
}

function otherHub(message: string, cause?: unknown): HubChainError {
  return new HubChainError('other-hub', message, {
    hint: 'check that the address is that of the hub which gave you the join token or the identity',
    cause,
  })
}

function otherCa(): HubChainError {
  return new HubChainError('other-ca', 'a hub answers there, but with another TLS CA', {
    hint: 'check the address; where the TLS CA was rotated since, what was made before counts no more: get a new join token, or admin identity, or mezctl ca export --type=tls',
  })
}

function notAServer(cause?: unknown): HubChainError {
  const message = "the cluster's CA did not issue this certificate for a hub's server"
  return new HubChainError('not-a-server', message, {
    hint: "something else than the hub answers there with one of the cluster's certificates",
    cause,
  })
}

/** Names the one validity that the clock is outside of. */
function clockSkew(leaf: Validity, ca: Validity, nowMs: number, cause: unknown): HubChainError {
  const isOutside = ({ notBeforeMs, notAfterMs }: Validity) =>
    nowMs < notBeforeMs || nowMs > notAfterMs
  const [what, validity] = isOutside(ca) ? ["the cluster's TLS CA", ca] : ['the hub', leaf]
  return new HubChainError('clock-skew', skewMessage(what, validity, nowMs), {
    hint: SKEW_HINT,
    cause,
  })
}

export const SKEW_HINT = 'set the clock that is wrong (timedatectl shows it), here or on the hub'

/** Both times of a disagreement: the certificate's and the local clock's. */
export function skewMessage(what: string, validity: Validity, nowMs: number): string {
  const window = `${formatTime(validity.notBeforeMs)} to ${formatTime(validity.notAfterMs)}`
  return `the certificate of ${what} is valid from ${window}, but this machine's clock reads ${formatTime(nowMs)}`
}
