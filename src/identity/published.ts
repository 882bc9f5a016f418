/** What stands in a destination, as those see it who use it. */
import { join } from 'node:path'
import { type Clock, formatTime, SECOND } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { FileSystem } from '../base/file-system.ts'
import { readPlainFile } from '../base/plain-file.ts'
import { parseCertificateLine, type SshCertificate } from '../ssh/certificate.ts'
import { parsePrivateKey } from '../ssh/private-key.ts'
import { isSameKey } from '../ssh/public-key.ts'
import { IdentityError, onFiles } from './errors.ts'

type Reader = Pick<FileSystem, 'open' | 'readlink'>

const OUTPUT = { largest: 64 * 1024 }

/**
 * The published certificate, and whether the key beside it is its own. Both are of one generation.
 *
 * @throws IdentityError, SshFormatError where they can't be read
 */
export async function readPublished(
  fs: Reader,
  destination: string,
): Promise<{
  readonly certificate: SshCertificate
  readonly directory: string
  readonly matches: boolean
}> {
  const directory = await onFiles(destination, async () =>
    join(destination, await fs.readlink(join(destination, '.current'))),
  )
  const read = (name: string) => {
    const path = join(directory, name)
    return onFiles(path, async () => (await readPlainFile(fs, path, OUTPUT)).toString())
  }
  const { certificate } = parseCertificateLine(await read('ssh_key-cert.pub'))
  const { publicKey } = parsePrivateKey(await read('ssh_key'))
  return { certificate, directory, matches: isSameKey(publicKey, certificate.publicKey) }
}

/** Milliseconds since the epoch. */
export function validityOf({ validAfter, validBefore }: SshCertificate) {
  return { validAfter: Number(validAfter) * SECOND, validBefore: Number(validBefore) * SECOND }
}

export interface WaitOptions {
  readonly fs: Reader
  readonly clock: Clock
  readonly destination: string
  /** Milliseconds; undefined: for as long as it takes. */
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal
}

/** A renewal takes longer; what waits here is a script, or the start of a machine. */
const POLL_MS = 200

/**
 * Waits until a certificate is published that is valid by this machine's clock.
 *
 * @throws IdentityError `no-certificate` with the reason when it takes too long; the signal's reason
 */
export async function waitForCertificate(options: WaitOptions): Promise<SshCertificate> {
  const { clock, destination, timeoutMs = Number.POSITIVE_INFINITY, signal } = options
  const end = clock.monotonic() + timeoutMs
  for (;;) {
    const found = await look(options)
    if (typeof found !== 'string') return found
    const left = end - clock.monotonic()
    if (left <= 0) {
      throw new IdentityError(
        'no-certificate',
        `${destination} has no valid certificate: ${found}`,
        {
          hint: 'mezd identity status shows what its daemon does; mezd identity start runs it',
        },
      )
    }
    await clock.sleep(Math.min(POLL_MS, left), signal)
  }
}

/** The certificate, or why there is none to use. */
async function look({ fs, clock, destination }: WaitOptions): Promise<SshCertificate | string> {
  try {
    const { certificate, matches } = await readPublished(fs, destination)
    const { validAfter, validBefore } = validityOf(certificate)
    const now = clock.now()
    if (!matches) return "its key and certificate don't match"
    if (now >= validBefore) return `it has ended at ${formatTime(validBefore)}`
    if (now < validAfter) return `it is valid from ${formatTime(validAfter)} on`
    return certificate
  } catch (error) {
    return messageOf(error)
  }
}
