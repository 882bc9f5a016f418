import type { MessageInitShape } from '@bufbuild/protobuf'
import { sha256 } from '../../../base/bytes.ts'
import {
  type AuthoritySchema,
  AuthorityService,
  type RotationSchema,
} from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { encodePublicKeyLine, fingerprint, parsePublicKey } from '../../../ssh/public-key.ts'
import { parseCertificate } from '../../../x509/certificate.ts'
import { encodeCertificatePem } from '../../../x509/pem.ts'
import type { Auth } from '../../auth.ts'
import { ofType } from '../../authorities.ts'
import { AuthError } from '../../errors.ts'
import type { AuthorityRecord, AuthorityType, RotationPhase } from '../../records.ts'
import { isSignedByTheNew, ROTATION_STEPS, type RotationStep } from '../../rotation.ts'
import type { RotationState } from '../../rotations.ts'
import { type Rpc, rpc } from '../rpc.ts'

export function authorityRpcs({ context, rotations }: Auth): readonly Rpc[] {
  const { authorities } = context
  const { method } = AuthorityService
  return [
    rpc(method.listAuthorities, async ({ type }) => {
      const types = type === '' ? TYPES : [readType(type)]
      return { authorities: types.flatMap((each) => toAuthorities(authorities.records, each)) }
    }),
    rpc(method.getRotation, async ({ type }) => ({
      rotation: toRotation(await rotations.state(readType(type))),
    })),
    rpc(method.rotateAuthority, async ({ type, to, force }, caller) => {
      const request = { type: readType(type), to: readStep(to), force }
      return { rotation: toRotation(await rotations.rotate(caller, request)) }
    }),
  ]
}

const TYPES: readonly AuthorityType[] = ['user', 'host', 'tls']

/** Those of a type: the one in place, then the one on its way in. */
export function toAuthorities(
  records: readonly AuthorityRecord[],
  type: AuthorityType,
): readonly MessageInitShape<typeof AuthoritySchema>[] {
  const both = ofType(records, type)
  const phase = both.at(-1)?.rotation?.phase
  return both.map((record) => toAuthority(record, phase))
}

function readStep(text: string): RotationStep | undefined {
  if (text === '') return undefined
  const step = ROTATION_STEPS.find((each) => each === text)
  if (step !== undefined) return step
  throw new AuthError('invalid-request', `there is no step ${JSON.stringify(text)}`, {
    hint: `the steps are ${ROTATION_STEPS.join(', ')}`,
  })
}

const MOST_LAGGARDS = 100

function toRotation(state: RotationState): MessageInitShape<typeof RotationSchema> {
  const { type, rotation, next, waitingFor } = state
  return {
    type,
    next,
    ...(rotation && {
      phase: rotation.phase,
      since: toTimestamp(rotation.since),
      startedAt: toTimestamp(rotation.startedAt),
    }),
    waitingFor: waitingFor.slice(0, MOST_LAGGARDS).map((laggard) => ({
      kind: laggard.kind,
      name: laggard.name,
      instanceId: laggard.instanceId ?? '',
      reason: laggard.reason,
      until: toTimestamp(laggard.until),
    })),
    waitingCount: BigInt(waitingFor.length),
  }
}

function readType(text: string): AuthorityType {
  switch (text) {
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

function toAuthority(
  record: AuthorityRecord,
  phase: RotationPhase | undefined,
): MessageInitShape<typeof AuthoritySchema> {
  const { id, type, createdAt, publicPart, rotation } = record
  return {
    id,
    type,
    createdAt: toTimestamp(createdAt),
    ...publicHalf(type, publicPart),
    ...(rotation && { phase: rotation.phase, phaseSince: toTimestamp(rotation.since) }),
    signs: isSignedByTheNew(type, phase) === (rotation !== undefined),
  }
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
