import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeOid, encodeSequence, encodeText, TAG } from './der.ts'
import { X509Error } from './errors.ts'
import { encodeIdentityUri, type PeerIdentity } from './identity-uri.ts'
import { issueClientCertificate, issueServerCertificate } from './issue.ts'
import { readPeerIdentity } from './peer-identity.ts'
import { EMPTY_NAME, type Extension, leafExtensions } from './profile.ts'
import { encodeCertificate, encodeTbs } from './signed-certificate.ts'
import { encodeUriName } from './subject-alt-name.ts'
import {
  around,
  BOT,
  CLUSTER_ID,
  createTestCluster,
  createTestKey,
  issueBot,
  serial,
} from './test-cluster.ts'

const NOW = Date.UTC(2026, 2, 24, 15)
const cluster = createTestCluster(NOW)
const { signer, ca } = cluster
const key = createTestKey()
const leaf = issueBot(cluster, key, around(NOW))
const URI = encodeIdentityUri(BOT)

interface Variant {
  readonly names?: Buffer
  readonly subject?: Buffer
  readonly spki?: Buffer
  readonly change?: (extensions: readonly Extension[]) => readonly Extension[]
}

/** A certificate that the CA really signed, near the profile and outside of it. */
function signed(variant: Variant): Buffer {
  const { names = encodeUriName(URI), subject = EMPTY_NAME, spki = key.spki } = variant
  const { change = (extensions) => extensions } = variant
  const issuer = signer.certificate
  const extensions = change(leafExtensions('client', spki, issuer.leafIssuerKey, names))
  const fields = { serial: serial(), issuer: issuer.subject, validity: around(NOW), subject, spki }
  const tbs = encodeTbs({ ...fields, extensions })
  return encodeCertificate(tbs, signer.sign(tbs))
}

/** Whether OpenSSL reads the certificate and finds the CA's signature on it. */
function isVerified(der: Buffer): boolean {
  try {
    return new X509Certificate(der).verify(signer.certificate.publicKey)
  } catch {
    return false
  }
}

describe('peer identity', () => {
  it('is read with validity, key and fingerprint', () => {
    const peer = readPeerIdentity(leaf.der)
    const spkiFingerprint = createHash('sha256').update(key.spki).digest()
    const { serialNumber, validity } = leaf
    assert.deepEqual(peer, {
      identity: BOT,
      validity,
      serialNumber,
      spki: key.spki,
      spkiFingerprint,
    })
    assert.deepEqual(readPeerIdentity(new X509Certificate(leaf.der)), peer)
  })

  it('is read for each kind', () => {
    const identities: readonly PeerIdentity[] = [
      { kind: 'admin', clusterId: CLUSTER_ID, name: 'root' },
      { ...BOT, kind: 'node', name: 'web-1', generation: 2n ** 63n - 1n },
    ]
    for (const identity of identities) {
      const base = { spki: key.spki, serial: serial(), validity: around(NOW) }
      const { der } = issueClientCertificate({ ...base, identity }, signer)
      assert.deepEqual(readPeerIdentity(der).identity, identity)
    }
  })

  it('does not depend on the order of extensions', () => {
    const der = signed({ change: (extensions) => extensions.toReversed() })
    assert.deepEqual(readPeerIdentity(der).identity, BOT)
  })

  it('is refused in certificates that are near the profile', () => {
    const uri = encodeText(TAG.context(6), URI)
    const dns = encodeText(TAG.context(2), 'hub.example.com')
    const name = encodeSequence(encodeText(TAG.utf8String, 'x'))
    const without = (oid: string) => (extensions: readonly Extension[]) =>
      extensions.filter((extension) => extension.oid !== oid)
    const notes = { oid: '2.5.29.99', der: encodeSequence(encodeOid('2.5.29.99'), Buffer.of(4, 0)) }
    const variants: Readonly<Record<string, Variant>> = {
      'two URIs': { names: encodeSequence(uri, uri) },
      'a URI and a DNS name': { names: encodeSequence(uri, dns) },
      'a DNS name and a URI': { names: encodeSequence(dns, uri) },
      'a DNS name': { names: encodeSequence(dns) },
      'no name': { names: encodeSequence() },
      'a subject': { subject: encodeSequence(name) },
      'another curve': { spki: createTestKey('P-384').spki },
      'one more extension': { change: (extensions) => [...extensions, notes] },
      'no basic constraints': { change: without('2.5.29.19') },
      'no key usage': { change: without('2.5.29.15') },
      'no extended key usage': { change: without('2.5.29.37') },
      'no subject key identifier': { change: without('2.5.29.14') },
      'no authority key identifier': { change: without('2.5.29.35') },
      'no subject alternative name': { change: without('2.5.29.17') },
    }
    for (const [what, variant] of Object.entries(variants)) {
      assert.throws(() => readPeerIdentity(signed(variant)), { code: 'profile-mismatch' }, what)
    }
    const twice = signed({ change: (extensions) => [...extensions, ...extensions.slice(-1)] })
    assert.throws(() => readPeerIdentity(twice), { code: 'malformed-certificate' })
    for (const other of ['spiffe://example.com/x', `${URI}\0`, `${URI}é`, '']) {
      const der = signed({ names: encodeUriName(other) })
      assert.throws(() => readPeerIdentity(der), { code: 'malformed-identity-uri' }, other)
    }
  })

  it('is not in a server certificate or a CA', () => {
    const base = { spki: key.spki, serial: serial(), validity: around(NOW) }
    const server = issueServerCertificate({ ...base, dnsNames: [], ipAddresses: [] }, signer)
    for (const { der } of [server, ca]) {
      assert.throws(() => readPeerIdentity(der), { code: 'profile-mismatch' })
    }
  })

  it('is refused in every truncation and with bytes after it', () => {
    for (let length = 0; length < leaf.der.length; length++) {
      const cut = leaf.der.subarray(0, length)
      assert.throws(() => readPeerIdentity(cut), { code: 'malformed-certificate' })
    }
    const longer = Buffer.concat([leaf.der, Buffer.of(0)])
    assert.throws(() => readPeerIdentity(longer), { code: 'malformed-certificate' })
    assert.throws(() => readPeerIdentity(Buffer.alloc(100_000, 0x30)), {
      code: 'malformed-certificate',
    })
  })

  it('with any bit flipped is a typed error, or what TLS can’t have verified', () => {
    assert.equal(isVerified(leaf.der), true)
    for (let bit = 0; bit < leaf.der.length * 8; bit++) {
      const flipped = Buffer.from(leaf.der)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      try {
        readPeerIdentity(flipped)
      } catch (error) {
        assert.ok(error instanceof X509Error, String(error))
        continue
      }
      assert.equal(isVerified(flipped), false, `bit ${bit}`)
    }
  })

  it('in random bytes is a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        assert.throws(() => readPeerIdentity(bytes), X509Error)
      }),
    )
  })
})
