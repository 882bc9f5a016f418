/** The certificate by which the hub's server is known: made at its start, renewed while it runs. */
import { generateKeyPairSync } from 'node:crypto'
import { type Clock, DAY, HOUR, MINUTE } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { X509Signer } from '../../x509/authority.ts'
import { issueServerCertificate } from '../../x509/issue.ts'
import { encodeCertificatePem } from '../../x509/pem.ts'
import type { Validity } from '../../x509/validity.ts'
import { HUB_BACKDATE } from '../lives.ts'

export interface ServingCertificate {
  /** PEM: the certificate, then its CA's, by whose key join tokens recognise the hub. */
  readonly chain: string
  /** PKCS #8 PEM. It is never written anywhere. */
  readonly privateKey: string
  readonly validity: Validity
}

export interface ServingOptions {
  readonly authority: X509Signer
  readonly clock: Clock
  readonly random: Pick<Random, 'bytes'>
}

const LIFE = 90 * DAY
const RETRY_AFTER = HOUR
/** A clock may be set, so it is looked at this often; also when the CA's own end is near. */
const LOOK_EVERY = MINUTE

/** @throws X509Error */
export function issueServingCertificate(options: ServingOptions): ServingCertificate {
  const { authority, clock, random } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const now = clock.now()
  const { certificate: ca } = authority
  const { pem, validity } = issueServerCertificate(
    {
      spki: publicKey.export({ type: 'spki', format: 'der' }),
      serial: random.bytes(16),
      validity: {
        notBeforeMs: now - HUB_BACKDATE,
        notAfterMs: Math.min(now + LIFE, ca.validity.notAfterMs),
      },
      dnsNames: [],
      ipAddresses: [],
    },
    authority,
  )
  return {
    chain: pem + encodeCertificatePem(ca.der),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    validity,
  }
}

/** When two thirds of its life are over, in milliseconds since the epoch. */
export function servingRenewalAt({ notBeforeMs, notAfterMs }: Validity): number {
  return notBeforeMs + ((notAfterMs - notBeforeMs) * 2) / 3
}

export interface RenewalOptions extends ServingOptions {
  readonly log: Pick<Logger, 'error'>
  readonly signal: AbortSignal
}

/**
 * Replaces the certificate whenever it is time, and when the clock is set back behind its beginning,
 * until the signal is aborted; never rejects.
 */
export async function keepServingCertificate(
  first: ServingCertificate,
  replace: (certificate: ServingCertificate) => void,
  options: RenewalOptions,
): Promise<void> {
  const { clock, log, signal } = options
  let current = first
  let due = servingRenewalAt(current.validity)
  let retryFrom = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    try {
      await clock.sleep(LOOK_EVERY, signal)
    } catch {
      return
    }
    const now = clock.now()
    const isGood = now < due && now >= current.validity.notBeforeMs
    if (isGood || clock.monotonic() < retryFrom) continue
    try {
      current = issueServingCertificate(options)
      replace(current)
      due = servingRenewalAt(current.validity)
    } catch (error) {
      retryFrom = clock.monotonic() + RETRY_AFTER
      log.error({ error }, "the hub's certificate could not be renewed")
    }
  }
}
