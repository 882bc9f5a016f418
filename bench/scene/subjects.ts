import { createPublicKey } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import { systemClock } from '../../src/base/clock.ts'
import { RenewRequestSchema } from '../../src/gen/mezite/v1/identity_pb.js'
import { drawKey } from '../../src/identity/identity.ts'
import { toTimestamp } from '../../src/rpc/times.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { parseJoinToken } from '../../src/trust/join-token.ts'
import { proveKey } from '../../src/x509/key-proof.ts'
import { encodeCertificatePem } from '../../src/x509/pem.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import type { Subject, Target } from '../load/work.ts'
import type { BenchHub } from './hub.ts'

/** Bot instances that have joined at the hub and are ready to renew. */
export async function joinSubjects(
  hub: BenchHub,
  bot: string,
  count: number,
): Promise<Omit<Target, 'keepsConnections'>> {
  const token = await hub.addBot(bot, count)
  const subjects: Subject[] = []
  for (let index = 0; index < count; index++) subjects.push(await joinOne(hub, token))
  return { port: hub.port, protocol: 'hub', subjects }
}

async function joinOne(hub: BenchHub, token: string): Promise<Subject> {
  const identityKey = drawKey()
  const sshPublicKey = publicKeyFrom(createPublicKey(drawKey())).blob
  const issued = await hub.client().join(
    token,
    { identityKey, sshPublicKey, certificateTtlMs: undefined, renewalIntervalMs: undefined },
    {
      address: { host: '127.0.0.1', port: hub.port },
      trust: { kind: 'pin', pin: parseJoinToken(token).pin },
    },
  )
  // The same keys at each renewal: drawing them would cost the client more than all the rest.
  const request = create(RenewRequestSchema, {
    request: {
      identityPublicKey: spkiOfPrivateKey(identityKey),
      sshPublicKey,
      keyProof: proveKey(identityKey, sshPublicKey),
      clientTime: toTimestamp(systemClock.now()),
      clientVersion: '0.0.0',
      clientHost: 'bench',
    },
  })
  return {
    certificate: encodeCertificatePem(issued.identityCertificate),
    privateKey: identityKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    request: Buffer.from(toBinary(RenewRequestSchema, request)).toString('base64'),
  }
}
