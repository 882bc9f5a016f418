/** What is taken of the corpus, held against OpenSSH's and OpenSSL's own programs. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { formatTime } from '../../src/base/clock.ts'
import {
  encodeCertificateLine,
  parseCertificate,
  type SshCertificate,
  verifyCertificate,
} from '../../src/ssh/certificate.ts'
import { SshFormatError } from '../../src/ssh/errors.ts'
import { fingerprint, parsePublicKey, toKeyObject } from '../../src/ssh/public-key.ts'
import { type OpenSsh, openSsh } from '../../src/ssh/testing/openssh.ts'
import { parseCertificate as parseX509 } from '../../src/x509/certificate.ts'
import { X509Error } from '../../src/x509/errors.ts'
import { readCorpus } from './engine/corpus.ts'
import { unlessRefused } from './engine/target.ts'

let tools: OpenSsh

before(async () => {
  tools = await openSsh()
})
after(() => tools.remove())

async function taken<Value>(
  target: string,
  parse: (input: Buffer) => Value,
  refusal: typeof SshFormatError | typeof X509Error,
): Promise<readonly Value[]> {
  const values = (await readCorpus(target)).map((input) =>
    unlessRefused(() => parse(input), refusal),
  )
  const found = values.filter((value) => value !== undefined)
  assert.ok(found.length > 1)
  return found
}

describe('what the corpus holds', () => {
  it('is the same SSH key to ssh-keygen', async () => {
    for (const key of await taken('ssh-public-key', parsePublicKey, SshFormatError)) {
      await tools.write('k.pub', `${key.type} ${key.blob.toString('base64')}\n`)
      assert.ok((await tools.keygen('-l', '-f', tools.path('k.pub'))).includes(fingerprint(key)))
      const pem = await tools.keygen('-e', '-m', 'PKCS8', '-f', tools.path('k.pub')).catch(() => '')
      // It writes no Ed25519 in that format.
      if (pem !== '') assert.equal(pem, toKeyObject(key).export({ type: 'spki', format: 'pem' }))
    }
  })

  it('is the same SSH certificate to ssh-keygen, which also proves its signature', async () => {
    for (const certificate of await taken('ssh-certificate', parseCertificate, SshFormatError)) {
      await tools.write('k-cert.pub', `${encodeCertificateLine(certificate)}\n`)
      const { status, stdout } = await tools.run('ssh-keygen', '-L', '-f', tools.path('k-cert.pub'))
      assert.equal(status === 0, isSigned(certificate), encodeCertificateLine(certificate))
      if (status === 0) checkListing(stdout, certificate)
    }
  })

  it('is the same X.509 certificate to openssl, where it is one', async () => {
    for (const certificate of await taken('x509-certificate', parseX509, X509Error)) {
      if (unlessRefused(() => new X509Certificate(certificate.der), Error) === undefined) continue
      const options = ['x509', '-inform', 'der', '-noout', '-serial', '-startdate', '-enddate']
      const shown = execFileSync('openssl', [...options, '-dateopt', 'iso_8601'], {
        input: certificate.der,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      const { notBeforeMs, notAfterMs } = certificate.validity
      const times = [notBeforeMs, notAfterMs].map((ms) => formatTime(ms).replace('T', ' '))
      assert.equal(
        shown,
        `serial=${certificate.serialNumber}\nnotBefore=${times[0]}\nnotAfter=${times[1]}\n`,
      )
    }
  })
})

function isSigned(certificate: SshCertificate): boolean {
  const { signatureKey } = certificate
  const verified = () => [verifyCertificate(certificate, signatureKey)]
  return unlessRefused(verified, SshFormatError) !== undefined
}

function checkListing(listing: string, certificate: SshCertificate): void {
  const { serial, type, keyId, validPrincipals } = certificate
  assert.ok(listing.includes(`Serial: ${serial}\n`), listing)
  assert.ok(listing.includes(`Type: `) && listing.includes(` ${type} certificate\n`))
  // It shows other characters than these in octal.
  if (/^[ -~]*$/.test(keyId) && !keyId.includes('\\')) {
    assert.ok(listing.includes(`Key ID: "${keyId}"\n`), listing)
  }
  const [, shown = ''] = /Principals: (.*?)\n {8}Critical/s.exec(listing) ?? []
  const count = shown.trim() === '(none)' ? 0 : shown.trim().split('\n').length
  assert.equal(count, validPrincipals.length, listing)
}
