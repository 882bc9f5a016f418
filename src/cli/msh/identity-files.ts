/**
 * `msh` uses an identity that `mezd identity` has published: it makes the command line of OpenSSH's
 * own client and becomes that client.
 *
 * - It talks to no hub and changes no file: everything that it needs stands in the destination.
 * - A destination is resolved once, to one immutable generation, so that key and certificate belong
 *   together although a daemon may renew in the same instant.
 * - Nothing that a caller types can become an option of ssh that it isn't meant to be.
 * - After the exec no process of Mezite is left between the caller and ssh.
 */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CliError } from '../cli-error.ts'

/** The published files of one generation. All paths are absolute. */
export interface IdentityFiles {
  /** As the caller knows it, for messages. */
  readonly certificateName: string
  readonly keyFile: string
  readonly certificateFile: string
  /** Undefined where there is none, as with a certificate that was copied by hand. */
  readonly knownHostsFile: string | undefined
  readonly sshConfigFile: string | undefined
}

/** Where to look, in this order. */
export interface IdentityChoice {
  /** The path of a certificate. */
  readonly cert: string | undefined
  /** A destination. */
  readonly identity: string | undefined
  /** The last destination that this user published, or the usual one; asked for only if needed. */
  readonly lastDestination: () => Promise<string | undefined>
}

const SUFFIX = '-cert.pub'
export const CERTIFICATE = `ssh_key${SUFFIX}`

/**
 * @throws CliError `usage`, `not-found`, `file-unreadable`
 */
export async function findIdentity(choice: IdentityChoice): Promise<IdentityFiles> {
  if (choice.cert !== undefined) return filesOfCertificate(choice.cert)
  if (choice.identity !== undefined) return filesOfDestination(choice.identity)
  const last = await choice.lastDestination()
  if (last !== undefined) return filesOfDestination(last)
  throw new CliError('not-found', 'no identity: mezd identity has published none as this user', {
    hint: 'name one with --cert=FILE, --identity=DIR or MEZITE_IDENTITY, or make one with mezd identity start',
  })
}

function filesOfDestination(destination: string): IdentityFiles {
  return filesOfCertificate(join(destination, CERTIFICATE))
}

function filesOfCertificate(certificate: string): IdentityFiles {
  if (!certificate.endsWith(SUFFIX)) {
    throw new CliError('usage', `${certificate} is not the name of a certificate`, {
      hint: `a certificate is called NAME${SUFFIX}, and its private key NAME, in the same directory`,
    })
  }
  const directory = generationOf(dirname(certificate))
  const certificateFile = join(directory, basename(certificate))
  return {
    certificateName: certificate,
    certificateFile,
    keyFile: certificateFile.slice(0, -SUFFIX.length),
    knownHostsFile: existing(join(directory, 'known_hosts')),
    sshConfigFile: existing(join(directory, 'ssh_config')),
  }
}

/** The directory that `.current` names now, or the directory itself where there is no such link. */
function generationOf(directory: string): string {
  const current = join(directory, '.current')
  return existsSync(current) ? realpathSync(current) : directory
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined
}
