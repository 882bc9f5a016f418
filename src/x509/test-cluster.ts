import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { DAY, MINUTE } from '../base/clock.ts'
import { createCertificateAuthority, createX509Signer, type X509Signer } from './authority.ts'
import type { BotIdentity } from './identity-uri.ts'
import { issueClientCertificate } from './issue.ts'
import type { IssuedCertificate } from './signed-certificate.ts'
import type { Validity } from './validity.ts'

export const CLUSTER_ID = '0b54b6f0-1a52-4cd6-9d4b-9c2f6f2f3a10'
export const INSTANCE_ID = '9f8b7a66-5c4d-4e3f-8a2b-1c0d9e8f7a6b'

export const BOT: BotIdentity = {
  kind: 'bot',
  clusterId: CLUSTER_ID,
  name: 'github-deploy',
  instanceId: INSTANCE_ID,
  generation: 7n,
}

export interface TestKey {
  readonly privateKey: KeyObject
  /** PKCS #8 in PEM. */
  readonly pem: string
  readonly spki: Buffer
}

export interface TestCluster {
  readonly ca: IssuedCertificate
  readonly caKey: KeyObject
  readonly signer: X509Signer
}

export function createTestKey(namedCurve = 'P-256'): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return { privateKey, pem, spki: publicKey.export({ format: 'der', type: 'spki' }) }
}

export function serial(): Buffer {
  return randomBytes(16)
}

export function around(nowMs: number, lifeMs = DAY): Validity {
  return { notBeforeMs: nowMs - MINUTE, notAfterMs: nowMs + lifeMs }
}

/** A cluster with a new CA, whose life is ten years unless told. */
export function createTestCluster(
  nowMs: number,
  validity: Validity = around(nowMs, 3650 * DAY),
): TestCluster {
  const { privateKey: caKey } = createTestKey()
  const request = { clusterName: 'example', privateKey: caKey, serial: serial(), validity }
  const ca = createCertificateAuthority(request)
  return { ca, caKey, signer: createX509Signer(ca.der, caKey) }
}

export function issueBot(
  cluster: TestCluster,
  key: TestKey,
  validity: Validity,
): IssuedCertificate {
  const request = { identity: BOT, spki: key.spki, serial: serial(), validity }
  return issueClientCertificate(request, cluster.signer)
}
