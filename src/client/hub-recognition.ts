/** Who is it that answers? By the certificates of a bare handshake. */
import { X509Certificate } from 'node:crypto'
import { formatAddress } from '../base/address.ts'
import { type Clock, SECOND } from '../base/clock.ts'
import { findPinnedAuthority, HubChainError, SKEW_HINT, skewMessage } from '../trust/hub-chain.ts'
import { serverNameFor } from '../trust/server-name.ts'
import { HUB_SERVER_NAME } from '../x509/issue.ts'
import { spkiPin } from '../x509/public-key.ts'
import { connectionBroke } from './connection-errors.ts'
import { type HubAddress, HubError, type HubTrust } from './identity-hub.ts'
import { type ServerTrust, serverTrust } from './server-trust.ts'
import { type Handshake, shakeHands } from './tls-handshake.ts'

/** Short: the call that failed has waited already. */
const EXPLANATION_TIMEOUT = 5 * SECOND

/** How to reach the hub, and until when to try. */
export interface Attempt {
  readonly address: HubAddress
  readonly clock: Pick<Clock, 'now'>
  readonly timeoutMs?: number | undefined
  /** While a call is under way: how often the hub must answer a ping, and how fast. Left out: 10 s. */
  readonly keepAliveMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A pin is followed to the CA that it names, with a handshake of its own.
 *
 * @throws HubError `unreachable`, `not-a-hub`, `untrusted`, `clock-skew`
 */
export async function resolveTrust(trust: HubTrust, attempt: Attempt): Promise<ServerTrust> {
  const { host } = attempt.address
  if (trust.kind !== 'pin') return serverTrust(trust, host)
  const certificates = [await fetchPinnedAuthority(trust.pin, attempt)]
  return serverTrust({ kind: 'tls-ca', certificates }, host)
}

/**
 * The hub's TLS CA, DER, recognised by its pin; the hub is sent nothing. Rejects with the signal's
 * reason when aborted.
 *
 * @throws HubError `unreachable`, `not-a-hub`, `untrusted`, `clock-skew`
 */
async function fetchPinnedAuthority(pin: Uint8Array, attempt: Attempt): Promise<Buffer> {
  const trust = { serverName: serverNameFor(pin) }
  const { presented } = await shakeHands(attempt.address, { ...attempt, trust })
  try {
    return findPinnedAuthority(presented, pin, attempt.clock.now())
  } catch (error) {
    throw refusedHub(attempt.address, error)
  }
}

/**
 * Why a connection failed on which `cause` was reported: found out by shaking hands once more, so
 * that no error's prose needs reading. Rejects with the signal's reason when aborted.
 */
export async function explainFailure(
  trust: ServerTrust,
  attempt: Attempt,
  cause: unknown,
): Promise<HubError> {
  const where = formatAddress(attempt.address)
  try {
    const { address, timeoutMs = EXPLANATION_TIMEOUT, signal } = attempt
    const handshake = await shakeHands(address, { trust, timeoutMs, signal })
    const found = judge(handshake, trust, attempt)
    return found ?? connectionBroke(where, cause)
  } catch (error) {
    if (error instanceof HubError) return error
    throw error
  }
}

function judge(
  { presented, refusal }: Handshake,
  { authorities }: ServerTrust,
  { address, clock }: Attempt,
): HubError | undefined {
  if (refusal === undefined) return undefined
  const [leaf] = presented
  const now = clock.now()
  if (leaf && authorities) return judgeByAuthorities(presented, authorities, address, now)
  if (leaf && (refusal === 'CERT_HAS_EXPIRED' || refusal === 'CERT_NOT_YET_VALID')) {
    const { validFromDate, validToDate } = new X509Certificate(leaf)
    const validity = { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() }
    const message = skewMessage(formatAddress(address), validity, now)
    return new HubError('clock-skew', message, { hint: SKEW_HINT })
  }
  const message = `the certificate of ${formatAddress(address)} is not trusted (${refusal})`
  return new HubError('untrusted', message, {
    hint: `it must come from the roots given, for ${address.host} or ${HUB_SERVER_NAME}`,
  })
}

/** What stands between the server and the CA to which it comes closest. */
function judgeByAuthorities(
  presented: readonly Buffer[],
  authorities: readonly Buffer[],
  address: HubAddress,
  now: number,
): HubError | undefined {
  const findings: HubError[] = []
  const [leaf = Buffer.alloc(0)] = presented
  for (const ca of authorities) {
    // The second finds a hub that has another CA.
    for (const chain of [[leaf, ca], presented]) {
      try {
        findPinnedAuthority(chain, spkiPin(ca), now)
        return undefined
      } catch (error) {
        findings.unshift(refusedHub(address, error))
      }
    }
  }
  return findings.find(({ code }) => code === 'clock-skew') ?? findings[0]
}

function refusedHub(address: HubAddress, error: unknown): HubError {
  if (!(error instanceof HubChainError)) throw error
  const code = error.code === 'clock-skew' ? 'clock-skew' : 'untrusted'
  const { message, hint } = error
  return new HubError(code, `${formatAddress(address)}: ${message}`, { hint, cause: error })
}
