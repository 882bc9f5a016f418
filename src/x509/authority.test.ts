import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { DAY } from '../base/clock.ts'
import { createCertificateAuthority, createX509Signer, parseCa } from './authority.ts'
import { spkiPin } from './public-key.ts'
import { around, createTestCluster, createTestKey, issueBot, serial } from './test-cluster.ts'

const NOW = Date.UTC(2026, 2, 24, 15)
const cluster = createTestCluster(NOW)

function create(change: object) {
  const privateKey = createTestKey().privateKey
  const request = { clusterName: 'c', privateKey, serial: serial(), validity: around(NOW) }
  return createCertificateAuthority({ ...request, ...change })
}

describe('certificate authority', () => {
  it('names the cluster, and is its own issuer', () => {
    const x509 = new X509Certificate(cluster.ca.der)
    assert.equal(x509.subject, 'O=Mezite\nCN=Mezite TLS CA example')
    assert.equal(x509.ca, true)
    assert.equal(x509.checkIssued(x509), true)
    assert.equal(x509.serialNumber, cluster.ca.serialNumber)
    assert.equal(Date.parse(x509.validTo), cluster.ca.validity.notAfterMs)
  })

  it('takes names that fit a common name, whole', () => {
    for (const clusterName of ['a', 'Prod EU-1.example_com', 'a'.repeat(50)]) {
      create({ clusterName })
    }
    for (const clusterName of ['', ' a', 'a ', 'a\nb', 'a/CN=b', 'ä', 'a'.repeat(51)]) {
      assert.throws(() => create({ clusterName }), { code: 'invalid-request' }, clusterName)
    }
  })

  it('takes serials of 128 bits, each written shortest', () => {
    const one = Buffer.from(`${'00'.repeat(15)}01`, 'hex')
    const high = Buffer.alloc(16, 0xff)
    for (const [octets, text] of [
      [one, '01'],
      [high, 'FF'.repeat(16)],
    ] as const) {
      const created = create({ serial: octets })
      assert.equal(created.serialNumber, text)
      assert.equal(new X509Certificate(created.der).serialNumber, text)
    }
    for (const octets of [Buffer.alloc(16), Buffer.alloc(15, 1), Buffer.alloc(17, 1)]) {
      assert.throws(() => create({ serial: octets }), { code: 'invalid-request' })
    }
  })

  it('takes P-256 private keys alone', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (const privateKey of [
      createTestKey('P-384').privateKey,
      generateKeyPairSync('ed25519').privateKey,
      publicKey,
    ]) {
      assert.throws(() => create({ privateKey }), { code: 'unsupported-key' })
    }
  })
})

describe('signer', () => {
  it('is refused for another key', () => {
    const { privateKey } = createTestKey()
    assert.throws(() => createX509Signer(cluster.ca.der, privateKey), { code: 'key-mismatch' })
    const { publicKey } = cluster.signer.certificate
    assert.throws(() => createX509Signer(cluster.ca.der, publicKey), { code: 'key-mismatch' })
  })

  it('is refused for a leaf', () => {
    const key = createTestKey()
    const leaf = issueBot(cluster, key, around(NOW, DAY))
    assert.throws(() => createX509Signer(leaf.der, key.privateKey), { code: 'profile-mismatch' })
  })
})

describe('parsed CA', () => {
  it('carries its own signature', () => {
    const forged = Buffer.from(cluster.ca.der)
    // The last octet of the subject's name: the same form, another content.
    const at = forged.lastIndexOf('example')
    forged.write('exampl3', at)
    forged.write('exampl3', forged.indexOf('example'))
    assert.throws(() => parseCa(forged), { code: 'profile-mismatch', message: /not signed/ })
  })

  it('is read from DER and from X509Certificate alike', () => {
    const fromDer = parseCa(cluster.ca.der)
    assert.deepEqual(parseCa(new X509Certificate(cluster.ca.der)).tbs, fromDer.tbs)
  })
})

describe('key identifier', () => {
  it('is 160 bits of the SHA-256 of the point', () => {
    const { publicKey, keyIdentifier } = cluster.signer.certificate
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    const hash = createHash('sha256').update(Buffer.of(4))
    const digest = hash.update(x, 'base64url').update(y, 'base64url').digest()
    assert.deepEqual(keyIdentifier, digest.subarray(0, 20))
  })
})

describe('SPKI pin', () => {
  it('is half of the SHA-256 of the public key', () => {
    const x509 = new X509Certificate(cluster.ca.der)
    const spki = x509.publicKey.export({ format: 'der', type: 'spki' })
    const expected = createHash('sha256').update(spki).digest().subarray(0, 16)
    assert.deepEqual(spkiPin(cluster.ca.der), expected)
    assert.deepEqual(spkiPin(x509), expected)
  })
})
