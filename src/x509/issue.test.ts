import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { DAY, HOUR } from '../base/clock.ts'
import type { X509Signer } from './authority.ts'
import {
  HUB_SERVER_NAME,
  issueClientCertificate,
  issueServerCertificate,
  type ServerCertificateRequest,
} from './issue.ts'
import { around, BOT, createTestCluster, createTestKey, serial } from './test-cluster.ts'

const NOW = Date.UTC(2026, 2, 24, 15)
const cluster = createTestCluster(NOW)
const key = createTestKey()

function request() {
  return { spki: key.spki, serial: serial(), validity: around(NOW), identity: BOT }
}

function client(change: object = {}, ca: X509Signer = cluster.signer) {
  return issueClientCertificate({ ...request(), ...change }, ca)
}

function server(names: Partial<ServerCertificateRequest> = {}) {
  const base = { ...request(), dnsNames: [], ipAddresses: [] }
  return issueServerCertificate({ ...base, ...names }, cluster.signer)
}

describe('client certificate', () => {
  it('is returned as DER and PEM of the same', () => {
    const { der, pem, serialNumber, validity } = client()
    const x509 = new X509Certificate(pem)
    assert.deepEqual(x509.raw, der)
    assert.equal(x509.serialNumber, serialNumber)
    assert.equal(Date.parse(x509.validFrom), validity.notBeforeMs)
    assert.equal(Date.parse(x509.validTo), validity.notAfterMs)
  })

  it('may end with its CA and not after it', () => {
    const { notAfterMs } = cluster.signer.certificate.validity
    const until = (ms: number) => ({ validity: { notBeforeMs: NOW, notAfterMs: ms } })
    assert.equal(client(until(notAfterMs + 999)).validity.notAfterMs, notAfterMs)
    assert.throws(() => client(until(notAfterMs + 1000)), { code: 'outlives-issuer' })
  })

  it('has either form of time around 2050', () => {
    const old = createTestCluster(NOW, around(NOW, 36_500 * DAY))
    const edge = Date.UTC(2050, 0, 1)
    const validity = { notBeforeMs: edge - 1000, notAfterMs: edge }
    const x509 = new X509Certificate(client({ validity }, old.signer).der)
    assert.equal(x509.validFrom, 'Dec 31 23:59:59 2049 GMT')
    assert.equal(x509.validTo, 'Jan  1 00:00:00 2050 GMT')
  })

  it('has a P-256 key on the curve that is not its CA’s', () => {
    const offCurve = Buffer.from(key.spki)
    offCurve.writeUInt8(offCurve.readUInt8(offCurve.length - 1) ^ 1, offCurve.length - 1)
    for (const spki of [
      offCurve,
      createTestKey('P-384').spki,
      createTestKey('secp256k1').spki,
      key.spki.subarray(1),
      Buffer.concat([key.spki, Buffer.of(0)]),
      Buffer.alloc(0),
    ]) {
      assert.throws(() => client({ spki }), { code: 'unsupported-key' })
    }
    const { spki } = cluster.signer.certificate
    assert.throws(() => client({ spki }), { code: 'unsupported-key' })
  })

  it('is refused before it is signed when the request is bad', () => {
    const ca: X509Signer = {
      certificate: cluster.signer.certificate,
      sign: () => assert.fail('signed'),
    }
    for (const change of [
      { identity: { ...BOT, generation: 0n } },
      { serial: Buffer.alloc(16) },
      { validity: around(NOW, -HOUR) },
    ]) {
      assert.throws(() => client(change, ca), { code: 'invalid-request' })
    }
  })

  it('does not leave with a signature that is not the CA’s', () => {
    const { certificate } = cluster.signer
    const other = createTestCluster(NOW).signer
    let signatures = 0
    const ca: X509Signer = {
      certificate,
      sign(tbs) {
        signatures += 1
        return other.sign(tbs)
      },
    }
    const refused = { code: 'self-check-failed', message: /wrong signature$/ }
    assert.throws(() => client({}, ca), refused)
    assert.equal(signatures, 1)
    const unsigned: X509Signer = { certificate, sign: () => Buffer.alloc(0) }
    assert.throws(() => client({}, unsigned), { code: 'self-check-failed' })
  })
})

describe('server certificate', () => {
  it('always has the name of every hub, once', () => {
    for (const dnsNames of [[], [HUB_SERVER_NAME]]) {
      const x509 = new X509Certificate(server({ dnsNames }).der)
      assert.equal(x509.subjectAltName, `DNS:${HUB_SERVER_NAME}`)
    }
  })

  it('has the names and addresses asked for', () => {
    const dnsNames = ['localhost', 'mezite.example.com', 'xn--bcher-kva.example']
    const ipAddresses = ['127.0.0.1', '::1', '2001:db8::ff00:42:8329', '::ffff:192.0.2.1']
    const x509 = new X509Certificate(server({ dnsNames, ipAddresses }).der)
    for (const name of dnsNames) assert.equal(x509.checkHost(name), name)
    for (const address of ipAddresses) assert.equal(x509.checkIP(address), address)
    assert.equal(x509.checkIP('127.0.0.2'), undefined)
  })

  it('has no names that are not of the form', () => {
    for (const name of [
      '',
      '*.example.com',
      'Hub.example.com',
      'hub.example.com.',
      'hub..example',
      '-hub',
      'hub_1',
      'hub:3025',
      '127.0.0.1',
      '10.1',
      'bücher.example',
      'a.example\n',
      'a'.repeat(64),
      `${'a.'.repeat(127)}a`,
    ]) {
      assert.throws(() => server({ dnsNames: [name] }), { code: 'invalid-request' }, name)
    }
    for (const address of ['', '1.2.3', '01.2.3.4', '[::1]', 'fe80::1%1', '10.0.0.0/8', 'hub']) {
      assert.throws(() => server({ ipAddresses: [address] }), { code: 'invalid-request' }, address)
    }
    const many = Array.from({ length: 100 }, (_, index) => `h${index}`)
    assert.throws(() => server({ dnsNames: many }), { code: 'invalid-request' })
  })
})
