/**
 * Proof that whoever asks for an identity certificate holds the private key: its signature over what is
 * to be certified, as a PKCS #10 request carries one (RFC 2986, 4.2). A repeated request is served once
 * more, also to the bearer of an old credential who knows the public keys; without the proof he would
 * get a new certificate for the output key, which he may hold.
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { parseP256Spki, spkiOfPrivateKey } from './public-key.ts'

const CONTEXT = Buffer.from('mezite key proof v1\0')

/** The longest ECDSA-Sig-Value of P-256 in DER (RFC 3279, 2.2.3). */
const LONGEST = 72

/**
 * @param sshPublicKey the other key that is to be certified, in its wire encoding
 * @returns an ECDSA signature with SHA-256, DER
 * @throws X509Error `unsupported-key`
 */
export function proveKey(privateKey: KeyObject, sshPublicKey: Uint8Array): Buffer {
  return sign('sha256', statement(spkiOfPrivateKey(privateKey), sshPublicKey), privateKey)
}

/** Whether the holder of this key (SubjectPublicKeyInfo, DER) has asked for it and the other one. */
export function isKeyProven(
  spki: Uint8Array,
  sshPublicKey: Uint8Array,
  proof: Uint8Array,
): boolean {
  if (proof.length > LONGEST) return false
  return verify('sha256', statement(spki, sshPublicKey), parseP256Spki(spki), proof)
}

/** Unambiguous, since the first key's length is fixed. */
function statement(spki: Uint8Array, sshPublicKey: Uint8Array): Buffer {
  return Buffer.concat([CONTEXT, spki, sshPublicKey])
}
