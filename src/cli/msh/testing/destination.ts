/** Destinations as `mezd identity` leaves them, for tests. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { systemRandom } from '../../../base/random.ts'
import { type CertificateProfile, encodeCertificateLine } from '../../../ssh/certificate.ts'
import { issueCertificate } from '../../../ssh/issue-certificate.ts'
import { encodePrivateKey, generatePrivateKey } from '../../../ssh/private-key.ts'
import { encodePublicKeyLine, parsePublicKeyLine, publicKeyFrom } from '../../../ssh/public-key.ts'
import { createSshSigner } from '../../../ssh/signature.ts'
import { encodeSshConfig } from '../../../ssh/ssh-config.ts'

export class TestDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'mezite msh-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

const authority = createSshSigner(generatePrivateKey('ssh-ed25519'))
/** Who signs the certificates here, as a line of a `.pub` file. */
export const authorityLine = encodePublicKeyLine(authority.publicKey)

const userKey = generatePrivateKey('ecdsa-sha2-nistp256')

/** Now, in seconds since the epoch. */
export const now = BigInt(Math.floor(systemClock.now() / 1000))

export function certificateLine(changes: Partial<CertificateProfile> = {}): string {
  const certificate = issueCertificate(
    {
      publicKey: publicKeyFrom(userKey),
      serial: 7n,
      type: 'user',
      keyId: 'bot/github-deploy',
      validPrincipals: ['bot:github-deploy', 'deploy', 'monitor'],
      validAfter: now - 60n,
      validBefore: now + 3600n,
      criticalOptions: [],
      extensions: [],
      ...changes,
    },
    authority,
    systemRandom.bytes(32),
  )
  return `${encodeCertificateLine(certificate, 'github-deploy')}\n`
}

/** A host's certificate for its key, a line of a `.pub` file, by the same authority. */
export function hostCertificateLine(
  publicKeyLine: string,
  changes: Partial<CertificateProfile> = {},
): string {
  const { key } = parsePublicKeyLine(publicKeyLine)
  return certificateLine({ publicKey: key, type: 'host', validPrincipals: ['node'], ...changes })
}

/** Publishes a generation by one swap of `.current`, as the daemon does. */
export function publish(
  destination: string,
  generation: number,
  changes: Partial<CertificateProfile> = {},
): void {
  const directory = join(destination, '.generations', String(generation))
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'ssh_key'), encodePrivateKey(userKey), { mode: 0o600 })
  writeFileSync(join(directory, 'ssh_key-cert.pub'), certificateLine(changes))
  writeFileSync(join(directory, 'known_hosts'), '')
  writeFileSync(join(directory, 'ssh_config'), sshConfig(directory))
  symlinkSync(`.generations/${generation}`, join(destination, '.current.new'))
  renameSync(join(destination, '.current.new'), join(destination, '.current'))
  if (generation > 1) return
  for (const name of ['ssh_key', 'ssh_key-cert.pub', 'known_hosts', 'ssh_config']) {
    symlinkSync(`.current/${name}`, join(destination, name))
  }
}

function sshConfig(directory: string): string {
  const files = {
    identityFile: join(directory, 'ssh_key'),
    certificateFile: join(directory, 'ssh_key-cert.pub'),
    userKnownHostsFile: join(directory, 'known_hosts'),
  }
  const node = { ...files, hostKeyAlgorithms: ['ssh-ed25519-cert-v01@openssh.com'] }
  const web = { ...node, names: ['web-server-01'], hostName: '192.0.2.7', port: 2222 }
  const db = { ...node, names: ['db-01'], hostName: 'fe80::1%eth0', user: 'backup' }
  return `# Logins: deploy, monitor\n${encodeSshConfig([web])}\n${encodeSshConfig([db])}`
}
