import { checkName } from './certificate-checks.ts'
import { SshFormatError } from './errors.ts'
import { parsePublicKey, type SshPublicKey } from './public-key.ts'
import { mergeRanges, type SerialRange } from './serial-range.ts'
import { SshReader, SshWriter } from './wire.ts'

/**
 * Key revocation lists of format version 1 (OpenSSH's PROTOCOL.krl): certificates, revoked by
 * serial or key ID. A KRL is not signed; authenticate the way it travels.
 */
export interface Krl {
  /** Counts the list's changes. */
  readonly version: bigint
  /** Seconds since the epoch. */
  readonly generatedDate: bigint
  readonly comment: string
  readonly certificates: readonly RevokedCertificates[]
}

/** What is revoked of one authority. Revoke by serial: sshd is slow with many key IDs. */
export interface RevokedCertificates {
  /** Undefined: of every authority. */
  readonly authority: SshPublicKey | undefined
  readonly serials: readonly SerialRange[]
  readonly keyIds: readonly string[]
}

const MAGIC = Buffer.from('SSHKRL\n\0')
const FORMAT_VERSION = 1
const CERTIFICATES = 1
const SERIAL_LIST = 0x20
const SERIAL_RANGE = 0x21
const KEY_ID = 0x23

/** Up to this many serials in a row are shorter in a list. */
const LISTED_RUN = 2n

/**
 * Writes a KRL. Serials and key IDs may come in any order and overlap; equal lists give equal bytes.
 *
 * @throws SshFormatError `forbidden` for serial 0, an authority that stands twice, and the like
 */
export function encodeKrl(krl: Krl): Buffer {
  checkUniqueAuthorities(krl.certificates)
  const { version, generatedDate } = krl
  if (version < 0n || generatedDate < 0n || (version | generatedDate) >= 2n ** 64n) {
    throw new SshFormatError('forbidden', 'version and date of a KRL are in 0 … 2^64-1')
  }
  if (/\p{Cc}/u.test(krl.comment)) {
    throw new SshFormatError('forbidden', 'the comment of a KRL holds no control characters')
  }
  const writer = new SshWriter(1024).raw(MAGIC).uint32(FORMAT_VERSION)
  writer.uint64(version).uint64(generatedDate).uint64(0n).string('').string(krl.comment)
  for (const revoked of krl.certificates) writeCertificates(writer, revoked)
  return writer.bytes()
}

function writeCertificates(writer: SshWriter, revoked: RevokedCertificates): void {
  const ranges = mergeRanges(revoked.serials)
  const keyIds = [...new Set(revoked.keyIds)].sort()
  for (const keyId of keyIds) checkName('key ID', keyId)
  if (ranges.length === 0 && keyIds.length === 0) return
  writer.byte(CERTIFICATES).nested(() => {
    writer.string(revoked.authority?.blob ?? '').string('')
    writeSerials(writer, ranges)
    if (keyIds.length === 0) return
    writer.byte(KEY_ID).nested(() => {
      for (const keyId of keyIds) writer.string(keyId)
    })
  })
}

function writeSerials(writer: SshWriter, ranges: readonly SerialRange[]): void {
  const listed = ranges.filter(({ first, last }) => last - first < LISTED_RUN)
  if (listed.length > 0) {
    writer.byte(SERIAL_LIST).nested(() => {
      for (const { first, last } of listed) {
        for (let serial = first; serial <= last; serial++) writer.uint64(serial)
      }
    })
  }
  for (const { first, last } of ranges) {
    if (last - first < LISTED_RUN) continue
    writer.byte(SERIAL_RANGE).nested(() => writer.uint64(first).uint64(last))
  }
}

/**
 * Reads a KRL of certificates revoked by serial list, serial range or key ID.
 *
 * @throws SshFormatError `unsupported` for other sections; `forbidden` for serial 0
 */
export function parseKrl(bytes: Uint8Array): Krl {
  const reader = new SshReader(Buffer.from(bytes), 'KRL')
  if (!reader.raw(MAGIC.length).equals(MAGIC)) {
    throw new SshFormatError('malformed', 'the file is not a KRL')
  }
  if (reader.uint32() !== FORMAT_VERSION) {
    throw new SshFormatError('unsupported', `the KRL has another format than ${FORMAT_VERSION}`)
  }
  const version = reader.uint64()
  const generatedDate = reader.uint64()
  if (reader.uint64() !== 0n || reader.string().length > 0) {
    throw new SshFormatError('unsupported', 'the KRL has flags that mean nothing yet')
  }
  const comment = reader.text()
  const certificates: RevokedCertificates[] = []
  while (!reader.done) {
    const section = reader.byte()
    if (section !== CERTIFICATES) throw unsupportedSection(section)
    certificates.push(readCertificates(reader.nested()))
  }
  checkUniqueAuthorities(certificates)
  return { version, generatedDate, comment, certificates }
}

function readCertificates(reader: SshReader): RevokedCertificates {
  const blob = reader.string()
  const authority = blob.length === 0 ? undefined : parsePublicKey(blob)
  if (reader.string().length > 0) {
    throw new SshFormatError('unsupported', 'the KRL has content in a reserved field')
  }
  const serials: SerialRange[] = []
  const keyIds: string[] = []
  while (!reader.done) {
    const section = reader.byte()
    const data = reader.nested()
    if (data.done) throw new SshFormatError('malformed', 'the KRL has an empty section')
    if (section === SERIAL_LIST) {
      while (!data.done) serials.push(single(data.uint64()))
    } else if (section === SERIAL_RANGE) {
      serials.push({ first: data.uint64(), last: data.uint64() })
      data.end()
    } else if (section === KEY_ID) {
      while (!data.done) keyIds.push(data.text())
    } else {
      throw unsupportedSection(section)
    }
  }
  return { authority, serials: mergeRanges(serials), keyIds: [...new Set(keyIds)].sort() }
}

function single(serial: bigint): SerialRange {
  return { first: serial, last: serial }
}

function checkUniqueAuthorities(certificates: readonly RevokedCertificates[]): void {
  const names = new Set(certificates.map(({ authority }) => authority?.blob.toString('base64')))
  if (names.size < certificates.length) {
    throw new SshFormatError('forbidden', 'an authority stands twice in the KRL')
  }
}

function unsupportedSection(section: number): SshFormatError {
  return new SshFormatError('unsupported', `sections of type ${section} are not read`)
}
