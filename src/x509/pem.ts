import { TAG } from './der.ts'
import { DerReader } from './der-reader.ts'
import { X509Error } from './errors.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'
const LINE = 64
/** Five times a whole system trust store. */
const LARGEST_FILE = 1024 * 1024

/** One CERTIFICATE block (RFC 7468, 5), with a newline at its end. */
export function encodeCertificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `${[BEGIN, ...lines, END].join('\n')}\n`
}

/**
 * The DER of every CERTIFICATE block of a file, in order, at least one. Text may stand between the
 * blocks (RFC 7468, 5.2), control characters and blocks with another label may not. The certificates
 * themselves are not parsed.
 *
 * @throws X509Error `malformed-pem`
 */
export function parseCertificatePem(text: string): readonly Buffer[] {
  if (text.length > LARGEST_FILE) throw malformedPem(`longer than ${LARGEST_FILE} characters`)
  const certificates: Buffer[] = []
  let body: string[] | undefined
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const at = `line ${index + 1}`
    if (body && line === END) {
      certificates.push(decodeBody(body, at))
      body = undefined
    } else if (body) {
      body.push(line)
    } else if (line === BEGIN) {
      body = []
    } else if (line.includes('-----BEGIN') || line.includes('-----END')) {
      throw malformedPem(`${at}: only whole CERTIFICATE blocks are read here`)
    } else if (/[^\t\P{Cc}]/u.test(line)) {
      throw malformedPem(`${at}: a control character`)
    }
  }
  if (body) throw malformedPem('the last block has no end')
  if (certificates.length === 0) throw malformedPem('it has no CERTIFICATE block')
  return certificates
}

/** Strict text of RFC 7468, 3: full lines, then one that may be shorter, canonical base64. */
function decodeBody(lines: readonly string[], at: string): Buffer {
  const text = lines.join('')
  const der = Buffer.from(text, 'base64')
  const isWrapped = lines.slice(0, -1).every((line) => line.length === LINE)
  if (!isWrapped || (lines.at(-1)?.length ?? 0) > LINE || der.toString('base64') !== text) {
    throw malformedPem(`the block that ends at ${at} is not base64 in lines of ${LINE} characters`)
  }
  try {
    const reader = new DerReader(der)
    reader.read(TAG.sequence)
    reader.end()
  } catch (cause) {
    throw malformedPem(`the block that ends at ${at} holds no certificate`, cause)
  }
  return der
}

function malformedPem(what: string, cause?: unknown): X509Error {
  return new X509Error('malformed-pem', `not a file of PEM certificates: ${what}`, {
    cause,
    hint: 'the file holds CERTIFICATE blocks alone, no keys; `openssl x509` writes one',
  })
}
