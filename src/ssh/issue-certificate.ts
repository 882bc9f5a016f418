import {
  CERTIFICATE_TYPE_CODES,
  type CertificateOption,
  type CertificateProfile,
  certificateTypeName,
  parseCertificate,
  type SshCertificate,
  verifyCertificate,
} from './certificate.ts'
import { checkNonce, checkProfile } from './certificate-checks.ts'
import { SshFormatError } from './errors.ts'
import { isSameKey, type SshPublicKey } from './public-key.ts'
import type { SshSigner } from './signature.ts'
import { SshWriter } from './wire.ts'

/**
 * Makes one certificate: checks the profile, signs once, then reads back what was signed, compares
 * it with the profile and verifies it. Nothing else leaves.
 *
 * @param nonce 16 to 64 random bytes, new for each certificate; 32 is usual
 * @throws SshFormatError `forbidden` before signing; `mismatch` or `bad-signature` after it, when
 *   the signer is faulty
 */
export function issueCertificate(
  profile: CertificateProfile,
  signer: SshSigner,
  nonce: Uint8Array,
): SshCertificate {
  checkProfile(profile)
  checkNonce(nonce)
  const sorted = {
    ...profile,
    criticalOptions: profile.criticalOptions.toSorted(byName),
    extensions: profile.extensions.toSorted(byName),
  }
  const writer = new SshWriter(1024)
  writeUnsigned(writer, sorted, nonce, signer.publicKey)
  writer.string(signer.sign(writer.bytes()))

  const certificate = parseCertificate(writer.bytes())
  verifyCertificate(certificate, signer.publicKey)
  if (!isAsAsked(certificate, sorted)) {
    throw new SshFormatError('mismatch', 'the signed certificate is not the one that was asked for')
  }
  return certificate
}

/** All fields up to the signature, in the order of PROTOCOL.certkeys. */
function writeUnsigned(
  writer: SshWriter,
  profile: CertificateProfile,
  nonce: Uint8Array,
  authority: SshPublicKey,
): void {
  const { type, blob } = profile.publicKey
  writer.string(certificateTypeName(type)).string(nonce)
  writer.raw(blob.subarray(4 + type.length))
  writer.uint64(profile.serial).uint32(CERTIFICATE_TYPE_CODES[profile.type]).string(profile.keyId)
  writer.nested(() => {
    for (const principal of profile.validPrincipals) writer.string(principal)
  })
  writer.uint64(profile.validAfter).uint64(profile.validBefore)
  writeOptions(writer, profile.criticalOptions)
  writeOptions(writer, profile.extensions)
  writer.string('').string(authority.blob)
}

function writeOptions(writer: SshWriter, options: readonly CertificateOption[]): void {
  writer.nested(() => {
    for (const { name, value } of options) {
      writer.string(name).nested(() => {
        if (value !== '') writer.string(value)
      })
    }
  })
}

function byName(a: CertificateOption, b: CertificateOption): number {
  return a.name < b.name ? -1 : 1
}

function isAsAsked(actual: SshCertificate, asked: CertificateProfile): boolean {
  return (
    isSameKey(actual.publicKey, asked.publicKey) &&
    actual.serial === asked.serial &&
    actual.type === asked.type &&
    actual.keyId === asked.keyId &&
    actual.validAfter === asked.validAfter &&
    actual.validBefore === asked.validBefore &&
    actual.validPrincipals.length === asked.validPrincipals.length &&
    actual.validPrincipals.every(
      (principal, index) => principal === asked.validPrincipals[index],
    ) &&
    areSameOptions(actual.criticalOptions, asked.criticalOptions) &&
    areSameOptions(actual.extensions, asked.extensions)
  )
}

function areSameOptions(
  actual: readonly CertificateOption[],
  asked: readonly CertificateOption[],
): boolean {
  return (
    actual.length === asked.length &&
    actual.every(
      ({ name, value }, index) => name === asked[index]?.name && value === asked[index]?.value,
    )
  )
}
