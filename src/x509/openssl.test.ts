import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { HOUR } from '../base/clock.ts'
import { encodeIdentityUri } from './identity-uri.ts'
import { HUB_SERVER_NAME, issueServerCertificate } from './issue.ts'
import { readPeerIdentity } from './peer-identity.ts'
import { parseCertificatePem } from './pem.ts'
import { keyIdentifierOf } from './public-key.ts'
import { around, BOT, createTestCluster, createTestKey, issueBot, serial } from './test-cluster.ts'

const NOW = Date.now()
const cluster = createTestCluster(NOW)
const key = createTestKey()
const client = issueBot(cluster, key, around(NOW, HOUR))
const server = issueServerCertificate(
  {
    spki: key.spki,
    serial: serial(),
    validity: around(NOW, HOUR),
    dnsNames: ['mezite.example.com'],
    ipAddresses: ['127.0.0.1', '2001:db8::1'],
  },
  cluster.signer,
)

let directory = ''
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'x509-'))
  const old = issueBot(cluster, key, { notBeforeMs: NOW - HOUR, notAfterMs: NOW - HOUR / 2 })
  const files = {
    'ca.pem': cluster.ca.pem,
    'ca.key': cluster.caKey.export({ format: 'pem', type: 'pkcs8' }),
    'leaf.key': key.pem,
    'client.pem': client.pem,
    'server.pem': server.pem,
    'old.pem': old.pem,
    'other-ca.pem': createTestCluster(NOW).ca.pem,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
})
after(() => rm(directory, { recursive: true }))

function openssl(...args: readonly string[]): { readonly ok: boolean; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, {
    cwd: directory,
    encoding: 'utf8',
  })
  return { ok: status === 0, text: stdout + stderr }
}

function verify(purpose: string, file: string, ...more: readonly string[]) {
  return openssl(
    ...['verify', '-x509_strict', '-check_ss_sig', '-purpose', purpose],
    ...['-CAfile', 'ca.pem', ...more, file],
  )
}

/** Has OpenSSL itself issue a certificate with an empty subject for the leaf's key; its PEM. */
function sign(ca: string, caKey: string, extensions: readonly string[], out: string): string {
  writeFileSync(join(directory, 'extensions'), extensions.join('\n'))
  const request = openssl('req', '-new', '-key', 'leaf.key', '-subj', '/', '-out', 'leaf.csr')
  assert.ok(request.ok, request.text)
  const made = openssl(
    ...['x509', '-req', '-in', 'leaf.csr', '-CA', ca, '-CAkey', caKey, '-set_serial', '0x0123'],
    ...['-sha256', '-extfile', 'extensions', '-out', out],
  )
  assert.ok(made.ok, made.text)
  return readFileSync(join(directory, out), 'utf8')
}

describe('openssl verify -x509_strict', () => {
  it('accepts each leaf for its purpose', () => {
    const names = ['-verify_hostname', HUB_SERVER_NAME, '-verify_ip', '2001:db8::1']
    for (const result of [
      verify('sslclient', 'client.pem'),
      verify('sslserver', 'server.pem'),
      verify('sslserver', 'server.pem', ...names),
      verify('any', 'ca.pem'),
    ]) {
      assert.ok(result.ok, result.text)
    }
  })

  it('refuses each leaf for the other’s purpose, and what is expired or foreign', () => {
    for (const [result, reason] of [
      [verify('sslserver', 'client.pem'), /(unsuitable|unsupported) certificate purpose/],
      [verify('sslclient', 'server.pem'), /(unsuitable|unsupported) certificate purpose/],
      [verify('sslserver', 'server.pem', '-verify_hostname', 'x.example'), /hostname mismatch/i],
      [verify('sslclient', 'old.pem'), /certificate has expired/],
      [
        openssl('verify', '-CAfile', 'other-ca.pem', 'client.pem'),
        /signature failure|unable to get local issuer/,
      ],
    ] as const) {
      assert.equal(result.ok, false)
      assert.match(result.text, reason)
    }
  })

  it('refuses what a leaf signed', () => {
    sign('client.pem', 'leaf.key', [], 'grandchild.pem')
    const result = verify('any', 'grandchild.pem', '-untrusted', 'client.pem')
    assert.equal(result.ok, false)
    assert.match(result.text, /invalid CA certificate/)
  })
})

/** The lines of `openssl x509 -ext` under each heading. */
function extensions(file: string): readonly string[] {
  const oids = 'basicConstraints,keyUsage,extendedKeyUsage,subjectAltName'
  const { text } = openssl('x509', '-in', file, '-noout', '-ext', oids)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim())
}

describe('openssl x509', () => {
  it('prints the profile of the CA', () => {
    assert.deepEqual(extensions('ca.pem'), [
      'X509v3 Basic Constraints: critical',
      'CA:TRUE, pathlen:0',
      'X509v3 Key Usage: critical',
      'Certificate Sign, CRL Sign',
    ])
    const { text } = openssl('x509', '-in', 'ca.pem', '-noout', '-text')
    assert.match(text, /Version: 3 \(0x2\)/)
    assert.match(text, /Signature Algorithm: ecdsa-with-SHA256/)
    assert.match(text, /Subject: O ?= ?Mezite, CN ?= ?Mezite TLS CA example/)
    assert.match(text, /ASN1 OID: prime256v1/)
  })

  it('prints the profile of each leaf', () => {
    const start = [
      'X509v3 Basic Constraints: critical',
      'CA:FALSE',
      'X509v3 Key Usage: critical',
      'Digital Signature',
      'X509v3 Extended Key Usage:',
    ]
    assert.deepEqual(extensions('client.pem'), [
      ...start,
      'TLS Web Client Authentication',
      'X509v3 Subject Alternative Name: critical',
      `URI:${encodeIdentityUri(BOT)}`,
    ])
    assert.deepEqual(extensions('server.pem'), [
      ...start,
      'TLS Web Server Authentication',
      'X509v3 Subject Alternative Name: critical',
      `DNS:${HUB_SERVER_NAME}, DNS:mezite.example.com, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1`,
    ])
  })

  it('finds the CA’s key identifier in the leaf', () => {
    const identifier = (file: string, oid: string) =>
      openssl('x509', '-in', file, '-noout', '-ext', oid).text.match(/(?:[0-9A-F]{2}:){19}\w\w/)
    const own = identifier('ca.pem', 'subjectKeyIdentifier')
    assert.ok(own)
    assert.equal(identifier('client.pem', 'authorityKeyIdentifier')?.[0], own[0])
  })

  it('writes a certificate of the profile that is read as ours', () => {
    const config = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=clientAuth',
      `subjectKeyIdentifier=${keyIdentifierOf(key.spki).toString('hex')}`,
      'authorityKeyIdentifier=keyid',
      `subjectAltName=critical,URI:${encodeIdentityUri(BOT)}`,
    ]
    const text = sign('ca.pem', 'ca.key', config, 'ours.pem')
    const [der = Buffer.alloc(0)] = parseCertificatePem(text)
    const peer = readPeerIdentity(der)
    assert.deepEqual(peer.identity, BOT)
    assert.equal(peer.serialNumber, '0123')
    assert.deepEqual(peer.spki, key.spki)
  })
})

describe('openssl asn1parse', () => {
  it('walks each certificate to its end, and DER comes out of it unchanged', () => {
    for (const file of ['ca.pem', 'client.pem', 'server.pem']) {
      const walk = openssl('asn1parse', '-in', file, '-i')
      assert.ok(walk.ok, walk.text)
      assert.doesNotMatch(walk.text, /Error in encoding/)
    }
    const again = openssl('x509', '-in', 'client.pem', '-outform', 'PEM')
    assert.equal(again.text, client.pem)
  })
})
