import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import { DAY, HOUR, MINUTE } from '../base/clock.ts'
import { createCertificateAuthority, createX509Signer } from '../x509/authority.ts'
import { issueClientCertificate, issueServerCertificate } from '../x509/issue.ts'
import { spkiPin } from '../x509/public-key.ts'
import { findPinnedAuthority } from './hub-chain.ts'

const NOW = Date.UTC(2026, 2, 24, 15)

function keyPair(): { privateKey: KeyObject; spki: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) }
}

let counter = 0
function serial(): Buffer {
  counter += 1
  return Buffer.alloc(16, counter)
}

function createCa(privateKey = keyPair().privateKey, from = NOW - HOUR) {
  const { der } = createCertificateAuthority({
    clusterName: 'test',
    privateKey,
    serial: serial(),
    validity: { notBeforeMs: from, notAfterMs: from + 365 * DAY },
  })
  return { der, pin: spkiPin(der), signer: createX509Signer(der, privateKey) }
}

function serverLeaf(ca = createCa(), from = NOW - MINUTE): Buffer {
  const validity = { notBeforeMs: from, notAfterMs: from + DAY }
  const request = {
    spki: keyPair().spki,
    serial: serial(),
    validity,
    dnsNames: [],
    ipAddresses: [],
  }
  return issueServerCertificate(request, ca.signer).der
}

describe('findPinnedAuthority', () => {
  const ca = createCa()
  const leaf = serverLeaf(ca)

  it('finds the CA wherever it stands among the others', () => {
    const other = createCa()
    assert.ok(findPinnedAuthority([leaf, ca.der], ca.pin, NOW).equals(ca.der))
    assert.ok(findPinnedAuthority([leaf, other.der, ca.der], ca.pin, NOW).equals(ca.der))
    assert.ok(findPinnedAuthority([leaf, Buffer.of(1, 2), ca.der], ca.pin, NOW).equals(ca.der))
  })

  it('refuses a chain without the pinned key', () => {
    const other = createCa()
    for (const chain of [[], [leaf], [ca.der], [leaf, other.der]]) {
      assert.throws(() => findPinnedAuthority(chain, ca.pin, NOW), { code: 'other-hub' })
    }
  })

  it('tells a hub that has another CA from who is no hub at all', () => {
    const other = createCa()
    assert.throws(() => findPinnedAuthority([serverLeaf(other), other.der], ca.pin, NOW), {
      code: 'other-ca',
      hint: /rotated since/,
    })
  })

  it('refuses a stranger who sends the true CA along', () => {
    const stranger = createCa()
    const chain = [serverLeaf(stranger), ca.der]
    assert.throws(() => findPinnedAuthority(chain, ca.pin, NOW), { code: 'other-hub' })
  })

  it('refuses a certificate with the pinned key that is no CA', () => {
    const { privateKey, spki } = keyPair()
    const pinned = createCa(privateKey)
    const validity = { notBeforeMs: NOW - MINUTE, notAfterMs: NOW + DAY }
    const request = { spki, serial: serial(), validity, dnsNames: [], ipAddresses: [] }
    const notCa = issueServerCertificate(request, createCa().signer).der
    const chain = [serverLeaf(pinned), notCa]
    assert.throws(() => findPinnedAuthority(chain, pinned.pin, NOW), { code: 'other-hub' })
  })

  it("refuses a client's certificate of the same CA", () => {
    const client = issueClientCertificate(
      {
        spki: keyPair().spki,
        serial: serial(),
        validity: { notBeforeMs: NOW - MINUTE, notAfterMs: NOW + DAY },
        identity: {
          kind: 'admin',
          clusterId: '0c4f8f0e-6a57-4c0e-9a53-2e4e64a9d6a1',
          name: 'root',
        },
      },
      ca.signer,
    ).der
    assert.throws(() => findPinnedAuthority([client, ca.der], ca.pin, NOW), {
      code: 'not-a-server',
    })
  })

  it('names both times when the clock is wrong', () => {
    const early = NOW - 10 * MINUTE
    assert.throws(() => findPinnedAuthority([leaf, ca.der], ca.pin, early), {
      code: 'clock-skew',
      message:
        "the certificate of the hub is valid from 2026-03-24T14:59:00Z to 2026-03-25T14:59:00Z, but this machine's clock reads 2026-03-24T14:50:00Z",
    })
    assert.throws(() => findPinnedAuthority([leaf, ca.der], ca.pin, NOW + 2 * DAY), {
      code: 'clock-skew',
    })
    assert.throws(() => findPinnedAuthority([leaf, ca.der], ca.pin, NOW - 2 * HOUR), {
      code: 'clock-skew',
      message: /TLS CA is valid from 2026-03-24T14:00:00Z/,
    })
  })

  it("does not speak of clocks when it isn't the hub", () => {
    const stranger = createCa()
    const chain = [serverLeaf(stranger, NOW + DAY), ca.der]
    assert.throws(() => findPinnedAuthority(chain, ca.pin, NOW), { code: 'other-hub' })
  })
})
