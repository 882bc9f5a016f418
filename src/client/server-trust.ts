import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { MeziteError } from '../base/errors.ts'
import { serverNameFor } from '../trust/server-name.ts'
import { HUB_SERVER_NAME } from '../x509/issue.ts'
import { parseCertificatePem } from '../x509/pem.ts'
import { spkiPin } from '../x509/public-key.ts'
import { HubError, type HubTrust } from './identity-hub.ts'

/** What a TLS handshake with the hub is held against. */
export interface ServerTrust {
  /** Root certificates, PEM; undefined: Node's own list. */
  readonly roots: readonly string[] | undefined
  /** The cluster's TLS CAs, DER, where the hub must be theirs. */
  readonly authorities: readonly Buffer[] | undefined
  /** The server name indication (RFC 6066, section 3). */
  readonly serverName: string
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
}

/**
 * With the cluster's own CAs the hub is known as `hub.mezite.internal`, so that it works under any
 * address; it is told which CA is known here. Behind other roots it must have a certificate for the host dialled, or for that name,
 * which no public CA can certify.
 *
 * @throws HubError `untrusted` where the roots can't be read
 */
export function serverTrust(trust: Exclude<HubTrust, { kind: 'pin' }>, host: string): ServerTrust {
  if (trust.kind === 'tls-ca') {
    // The newest: it is there for longer.
    const newest = trust.certificates.at(-1)
    return {
      roots: trust.certificates.map((der) => new X509Certificate(der).toString()),
      authorities: trust.certificates,
      serverName: newest ? serverNameFor(spkiPin(newest)) : HUB_SERVER_NAME,
      checkServerIdentity: (_host, certificate) =>
        checkServerIdentity(HUB_SERVER_NAME, certificate),
    }
  }
  return {
    roots: trust.kind === 'roots' ? readRoots(trust.pem) : undefined,
    authorities: undefined,
    serverName: isIP(host) === 0 ? host : HUB_SERVER_NAME,
    checkServerIdentity: (_host, certificate) =>
      checkServerIdentity(HUB_SERVER_NAME, certificate) && checkServerIdentity(host, certificate),
  }
}

function readRoots(pem: string): readonly string[] {
  try {
    return parseCertificatePem(pem).map((der) => new X509Certificate(der).toString())
  } catch (cause) {
    const hint = cause instanceof MeziteError ? cause.hint : undefined
    throw new HubError('untrusted', 'the root certificates given for the hub cannot be read', {
      hint: hint ?? 'the file holds CERTIFICATE blocks in PEM',
      cause,
    })
  }
}
