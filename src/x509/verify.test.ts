import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { DAY, HOUR } from '../base/clock.ts'
import { createCertificateAuthority, createX509Signer } from './authority.ts'
import { around, createTestCluster, createTestKey, issueBot, serial } from './test-cluster.ts'
import { verifyIssuedBy } from './verify.ts'

const NOW = Date.UTC(2026, 2, 24, 15)
const cluster = createTestCluster(NOW, around(NOW - DAY, 365 * DAY))
const ca = cluster.signer.certificate
const leaf = issueBot(cluster, createTestKey(), around(NOW, HOUR))
const { notBeforeMs, notAfterMs } = leaf.validity

describe('verifyIssuedBy', () => {
  it('passes from the first through the last instant', () => {
    for (const ms of [notBeforeMs, NOW, notAfterMs]) verifyIssuedBy(leaf.der, ca, ms)
    verifyIssuedBy(new X509Certificate(leaf.der), ca, NOW)
  })

  it('says when it is too early or too late, by which clock', () => {
    assert.throws(() => verifyIssuedBy(leaf.der, ca, notBeforeMs - 1), {
      code: 'not-yet-valid',
      message:
        "the certificate is valid from 2026-03-24T14:59:00Z on, this machine's clock reads 2026-03-24T14:58:59Z",
    })
    assert.throws(() => verifyIssuedBy(leaf.der, ca, notAfterMs + 1), {
      code: 'expired',
      message: /^the certificate was valid until 2026-03-24T16:00:00Z/,
    })
  })

  it('says when it is the CA that is too old', () => {
    const old = createTestCluster(NOW, around(NOW, DAY))
    const der = issueBot(old, createTestKey(), around(NOW, DAY)).der
    assert.throws(() => verifyIssuedBy(der, old.signer.certificate, NOW + DAY + 1), {
      code: 'expired',
      message: /^the TLS CA was/,
    })
  })

  it('refuses another CA, even one of the same name', () => {
    const other = createTestCluster(NOW)
    assert.deepEqual(other.signer.certificate.subject, ca.subject)
    const wrong = { code: 'wrong-issuer' }
    assert.throws(() => verifyIssuedBy(leaf.der, other.signer.certificate, NOW), wrong)
  })

  it('refuses the right key under another name', () => {
    const request = { clusterName: 'x', serial: serial(), validity: around(NOW) }
    const renamed = createCertificateAuthority({ ...request, privateKey: cluster.caKey })
    const { certificate } = createX509Signer(renamed.der, cluster.caKey)
    assert.throws(() => verifyIssuedBy(leaf.der, certificate, NOW), { code: 'wrong-issuer' })
  })

  it('refuses a signature with a bit changed', () => {
    const forged = Buffer.from(leaf.der)
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
    assert.throws(() => verifyIssuedBy(forged, ca, NOW), { code: 'wrong-issuer' })
  })
})
