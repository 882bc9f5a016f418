import type { X509Signer } from '../x509/authority.ts'
import { X509Error } from '../x509/errors.ts'
import { type ClientCertificateRequest, issueClientCertificate } from '../x509/issue.ts'
import type { IssuedCertificate } from '../x509/signed-certificate.ts'
import { AuthError } from './errors.ts'

/**
 * A client certificate for a key as it came. A key of the right form can be no key, its point off
 * the curve, or the CA's own.
 *
 * @throws AuthError `invalid-request` for a key that can't be certified
 */
export function issueClient(request: ClientCertificateRequest, ca: X509Signer): IssuedCertificate {
  try {
    return issueClientCertificate(request, ca)
  } catch (cause) {
    if (!(cause instanceof X509Error) || cause.code !== 'unsupported-key') throw cause
    const message = `the ${request.identity.kind}'s key is not one that can be certified`
    throw new AuthError('invalid-request', message, { cause })
  }
}
