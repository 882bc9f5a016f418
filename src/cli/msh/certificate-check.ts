import { accessSync, constants } from 'node:fs'
import { formatTime, SECOND } from '../../base/clock.ts'
import { formatDuration } from '../../base/duration.ts'
import { MeziteError, messageOf, systemErrorCode } from '../../base/errors.ts'
import { readLinkedFileSync } from '../../base/plain-file.ts'
import { parseCertificateLine, type SshCertificate } from '../../ssh/certificate.ts'
import { CliError } from '../cli-error.ts'
import type { IdentityFiles } from './identity-files.ts'

/**
 * The certificate of an identity, if ssh could use it now.
 *
 * @param now milliseconds since the epoch
 * @throws CliError `not-found`, `file-unreadable`, `malformed-file`
 */
export function readUsableCertificate(identity: IdentityFiles, now: number): SshCertificate {
  const certificate = readCertificate(identity)
  checkKey(identity)
  checkValidity(identity.certificateName, certificate, now)
  return certificate
}

const CERTIFICATE = { largest: 64 * 1024 }

/** @throws CliError `not-found`, `file-unreadable`, `malformed-file` */
export function readCertificate(identity: IdentityFiles): SshCertificate {
  const { certificateName, certificateFile } = identity
  const line = onFile(certificateName, () => readLinkedFileSync(certificateFile, CERTIFICATE))
  try {
    const { certificate } = parseCertificateLine(line)
    if (certificate.type === 'user') return certificate
  } catch (cause) {
    if (!(cause instanceof MeziteError)) throw cause
    throw new CliError('malformed-file', `${certificateName} is not an SSH certificate`, {
      cause,
      hint: `${cause.message}; ssh-keygen -L -f FILE shows what a certificate holds`,
    })
  }
  throw new CliError('malformed-file', `${certificateName} is a host's certificate`, {
    hint: 'name the certificate of a bot: ssh_key-cert.pub in its destination',
  })
}

function checkKey({ keyFile, certificateName }: IdentityFiles): void {
  onFile(`${certificateName.slice(0, -'-cert.pub'.length)}`, () =>
    accessSync(keyFile, constants.R_OK),
  )
}

function checkValidity(name: string, certificate: SshCertificate, now: number): void {
  const from = Number(certificate.validAfter) * SECOND
  const to = Number(certificate.validBefore) * SECOND
  if (now < from) {
    throw new CliError(
      'file-unreadable',
      `the certificate ${name} is valid from ${formatTime(from)} only, and here it is ${formatTime(now)}`,
      { hint: "set this machine's clock" },
    )
  }
  if (now >= to) {
    const ago = formatDuration(Math.floor((now - to) / SECOND) * SECOND)
    throw new CliError(
      'file-unreadable',
      `the certificate ${name} expired at ${formatTime(to)}, ${ago} ago`,
      {
        hint: 'see that mezd identity start runs for this destination, or run it once with --one-shot and a new join token',
      },
    )
  }
}

function onFile<T>(name: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    const code = systemErrorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new CliError('not-found', `${name} is not there`, {
        cause,
        hint: `mezd identity start with --destination=DIR writes it`,
      })
    }
    if (code === undefined) throw cause
    const hint =
      code === 'EACCES'
        ? 'run msh as the user that mezd runs as, or open the outputs with mezd identity start --reader-user'
        : undefined
    throw new CliError('file-unreadable', `${name} can't be read: ${messageOf(cause)}`, {
      cause,
      hint,
    })
  }
}
