import type { MessageInitShape } from '@bufbuild/protobuf'
import { sha256 } from '../../../base/bytes.ts'
import { type AuthoritySchema, AuthorityService } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { encodePublicKeyLine, fingerprint, parsePublicKey } from '../../../ssh/public-key.ts'
import { parseCertificate } from '../../../x509/certificate.ts'
import { encodeCertificatePem } from '../../../x509/pem.ts'
import { AuthError } from '../../errors.ts'
import type { AuthorityRecord, AuthorityType } from '../../records.ts'
import { type Rpc, rpc } from '../rpc.ts'

export function authorityRpcs(records: readonly AuthorityRecord[]): readonly Rpc[] {
  return [
    rpc(AuthorityService.method.listAuthorities, async ({ type }) => {
      const wanted = readType(type)
      const found = records.filter((record) => wanted === undefined || record.type === wanted)
      return { authorities: found.map(toAuthority) }
    }),
  ]
}

function readType(text: string): AuthorityType | undefined {
  switch (text) {
    case '':
      return undefined
    case 'user':
    case 'host':
    case 'tls':
      return text
    default:
      throw new AuthError('invalid-request', `there is no CA of type ${JSON.stringify(text)}`, {
        hint: 'the types are user, host and tls',
      })
  }
}

export function toAuthority(record: AuthorityRecord): MessageInitShape<typeof AuthoritySchema> {
  const { id, type, createdAt, publicPart } = record
  return { id, type, createdAt: toTimestamp(createdAt), ...publicHalf(type, publicPart) }
}

function publicHalf(
  type: AuthorityType,
  publicPart: Buffer,
): { readonly publicKey: string; readonly fingerprint: string } {
  if (type === 'tls') {
    const digest = sha256(parseCertificate(publicPart).spki)
    // Without padding, as OpenSSH writes them.
    const text = digest.toString('base64').replace(/=+$/, '')
    return { publicKey: encodeCertificatePem(publicPart), fingerprint: `SHA256:${text}` }
  }
  const key = parsePublicKey(publicPart)
  return { publicKey: encodePublicKeyLine(key), fingerprint: fingerprint(key) }
}
