import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type CertificateSchema,
  CertificateService,
  type ListCertificatesRequest,
} from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { CERTIFICATE_STATES } from '../../certificate-state.ts'
import { AuthError } from '../../errors.ts'
import {
  type CertificateFilter,
  type CertificateView,
  type Inventory,
  isCertificateState,
} from '../../inventory.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optional, optionalDuration, timeField } from './fields.ts'

const STANDARD_PAGE = 100
const LARGEST_PAGE = 500

export function certificateRpcs(inventory: Inventory): readonly Rpc[] {
  return [
    rpc(CertificateService.method.listCertificates, async (request) => {
      const limit = Math.min(request.pageSize || STANDARD_PAGE, LARGEST_PAGE)
      const page = await inventory.list(readFilter(request), { after: request.pageToken, limit })
      return { certificates: page.certificates.map(toCertificate), nextPageToken: page.next ?? '' }
    }),
  ]
}

function readFilter(request: ListCertificatesRequest): CertificateFilter {
  const { kind, state } = request
  if (kind !== '' && kind !== 'user' && kind !== 'host') {
    throw unknown('kind of certificate', kind, 'user and host')
  }
  if (state !== '' && !isCertificateState(state)) {
    throw unknown('state of a certificate', state, CERTIFICATE_STATES.join(', '))
  }
  return {
    kind: kind || undefined,
    state: state || undefined,
    bot: optional(request.bot),
    node: optional(request.node),
    expiringWithin: optionalDuration('expiring_within', request.expiringWithin),
    older: request.older,
  }
}

function unknown(what: string, given: string, known: string): AuthError {
  return new AuthError('invalid-request', `${JSON.stringify(given)} is no ${what}`, {
    hint: `there are ${known}`,
  })
}

export function toCertificate(view: CertificateView): MessageInitShape<typeof CertificateSchema> {
  const { kind, holder, instanceId, host, serial, principals, state } = view
  return {
    ...{ kind, holder, instanceId, host, serial, state },
    generation: view.generation ?? 0n,
    keyFingerprint: view.keyFingerprint ? fingerprintText(view.keyFingerprint) : '',
    principals: [...principals],
    ...timeField('issuedAt', view.issuedAt),
    expiresAt: toTimestamp(view.expiresAt),
    ...timeField('renewsAt', view.renewsAt),
  }
}

/** As `ssh-keygen -l` prints it. */
function fingerprintText(digest: Buffer): string {
  return `SHA256:${digest.toString('base64').replace(/=+$/, '')}`
}
