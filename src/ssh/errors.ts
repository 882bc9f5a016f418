import { MeziteError } from '../base/errors.ts'

/**
 * What can be wrong with SSH material.
 *
 * - `truncated`: it ends inside a field
 * - `trailing`: bytes follow its last field
 * - `non-canonical`: a second spelling of a value that has a shorter or sorted one
 * - `malformed`: it is not the format that it should be
 * - `unsupported`: well formed, but of a kind that is never accepted (SHA-1, small RSA, encrypted)
 * - `forbidden`: a value that must not be written (it would break the format, or a profile's rule)
 * - `mismatch`: two things that must agree don't (key halves, a certificate and its authority)
 * - `bad-signature`: the signature was not made by the key over the data
 */
export type SshFormatErrorCode =
  | 'truncated'
  | 'trailing'
  | 'non-canonical'
  | 'malformed'
  | 'unsupported'
  | 'forbidden'
  | 'mismatch'
  | 'bad-signature'

/** The one error of this folder. Never holds key material. */
export class SshFormatError extends MeziteError<SshFormatErrorCode> {}

/** Untrusted text for an error message: quoted, escaped and cut to 64 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)
}
