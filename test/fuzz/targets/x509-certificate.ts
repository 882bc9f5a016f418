import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { DAY } from '../../../src/base/clock.ts'
import {
  createCertificateAuthority,
  createX509Signer,
  parseCa,
} from '../../../src/x509/authority.ts'
import { type ParsedCertificate, parseCertificate } from '../../../src/x509/certificate.ts'
import {
  encodeBitString,
  encodeElement,
  encodeSequence,
  encodeUnsignedInteger,
  TAG,
} from '../../../src/x509/der.ts'
import { X509Error } from '../../../src/x509/errors.ts'
import { encodeIdentityUri } from '../../../src/x509/identity-uri.ts'
import { issueClientCertificate, issueServerCertificate } from '../../../src/x509/issue.ts'
import { readPeerIdentity } from '../../../src/x509/peer-identity.ts'
import { requireLeafProfile } from '../../../src/x509/profile.ts'
import { BOT, createTestCluster, createTestKey } from '../../../src/x509/test-cluster.ts'
import { encodeValidity, hasValidity } from '../../../src/x509/validity.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { derMutation } from '../engine/tree.ts'

/** X.509, with OpenSSL for a second opinion. */
export const certificate: FuzzTarget = {
  name: 'x509-certificate',
  largest: 4_096,
  words: [
    ...[
      [5, 0],
      [1, 1, 0xff],
      [2, 1, 0],
      [0x30, 0],
      [4, 0],
      [0x30, 0x80],
      [0x30, 0x81, 0x7f],
    ].map((it) => Buffer.from(it)),
    ...['20501231235959Z', '491231235959Z', '500101000000Z', '99991231235959Z', 'mezite://'],
  ],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(derMutation)],
  seeds: async () => certificates(),
  run(input) {
    const read = unlessRefused(() => parseCertificate(input), X509Error)
    unlessRefused(() => parseCa(input), X509Error)
    unlessRefused(() => requireServer(input), X509Error)
    const peer = unlessRefused(() => readPeerIdentity(input), X509Error)
    if (read === undefined) {
      assert.equal(peer, undefined)
      return 'refused'
    }
    assert.deepEqual(encode(read), input)
    const openssl = unlessRefused(() => new X509Certificate(input), Error)
    if (openssl === undefined) return 'accepted'
    assert.deepEqual(openssl.raw, input)
    assert.equal(openssl.serialNumber.padStart(2, '0'), read.serialNumber)
    assert.ok(hasValidity(openssl, read.validity), 'OpenSSL reads another validity')
    if (peer !== undefined) {
      assert.equal(openssl.subjectAltName, `URI:${encodeIdentityUri(peer.identity)}`)
      assert.deepEqual(openssl.keyUsage, ['1.3.6.1.5.5.7.3.2'])
      assert.equal(openssl.ca, false)
    }
    return 'accepted'
  },
}

function requireServer(input: Buffer): void {
  requireLeafProfile(parseCertificate(input), 'server')
}

/** Written from the fields alone, by RFC 5280, 4.1. */
function encode(certificate: ParsedCertificate): Buffer {
  const { signatureAlgorithm, extensions, signature } = certificate
  const tbs = encodeSequence(
    encodeElement(TAG.contextConstructed(0), encodeUnsignedInteger(Uint8Array.of(2))),
    encodeUnsignedInteger(Buffer.from(certificate.serialNumber, 'hex')),
    signatureAlgorithm,
    certificate.issuer,
    encodeValidity(certificate.validity),
    certificate.subject,
    certificate.spki,
    encodeElement(
      TAG.contextConstructed(3),
      encodeSequence(...[...extensions.values()].map(({ der }) => der)),
    ),
  )
  return encodeSequence(tbs, signatureAlgorithm, encodeBitString(signature))
}

/** A CA, a server, a bot and an admin of the profile, and a certificate with RSA. */
export function certificates(): readonly Buffer[] {
  const now = Date.UTC(2026, 2, 24, 15)
  const { ca, signer } = createTestCluster(now)
  const key = createTestKey()
  const common = { spki: key.spki, serial: Buffer.alloc(16, 7) }
  const validity = { notBeforeMs: now, notAfterMs: now + DAY }
  const late = { notBeforeMs: now, notAfterMs: Date.UTC(2060, 0, 1) }
  const admin = { kind: 'admin', clusterId: BOT.clusterId, name: 'alice' } as const
  const lateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const lateCa = createCertificateAuthority({
    ...{ clusterName: 'late', privateKey: lateKey, serial: common.serial, validity: late },
  })
  const names = { dnsNames: ['hub.example'], ipAddresses: ['192.0.2.1', '2001:db8::1'] }
  return [
    ca.der,
    lateCa.der,
    issueServerCertificate({ ...common, validity, ...names }, signer).der,
    issueClientCertificate({ ...common, validity, identity: BOT }, signer).der,
    issueClientCertificate({ ...common, validity, identity: { ...BOT, kind: 'node' } }, signer).der,
    issueClientCertificate(
      { ...common, validity: late, identity: admin },
      createX509Signer(lateCa.der, lateKey),
    ).der,
  ]
}
