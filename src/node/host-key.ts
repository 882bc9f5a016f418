import { systemErrorCode } from '../base/errors.ts'
import type { FileSystem } from '../base/file-system.ts'
import { parsePrivateKey } from '../ssh/private-key.ts'
import { parsePublicKeyLine, type SshPublicKey } from '../ssh/public-key.ts'
import { NodeError } from './errors.ts'

export interface HostKey {
  /** Of the private key. */
  readonly path: string
  readonly publicKey: SshPublicKey
}

/** Every client of today knows the first, and most of them the others. */
const PREFERENCE = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
]

/**
 * The host key that gets a certificate: one is enough, since clients ask for certificates of any
 * kind of key.
 *
 * @param paths sshd's `HostKey` settings
 * @throws NodeError `no-host-key`
 */
export async function chooseHostKey(
  fs: Pick<FileSystem, 'readFile'>,
  paths: readonly string[],
): Promise<HostKey> {
  const keys: HostKey[] = []
  for (const path of paths) {
    const publicKey = await readHostKey(fs, path)
    if (publicKey !== undefined) keys.push({ path, publicKey })
  }
  const rank = ({ publicKey }: HostKey) => PREFERENCE.indexOf(publicKey.type) >>> 0
  const [best] = keys.toSorted((a, b) => rank(a) - rank(b))
  if (best !== undefined) return best
  throw new NodeError('no-host-key', 'sshd has no host key that can be certified', {
    hint: 'make its keys: ssh-keygen -A',
  })
}

async function readHostKey(
  fs: Pick<FileSystem, 'readFile'>,
  path: string,
): Promise<SshPublicKey | undefined> {
  try {
    return parsePublicKeyLine(await fs.readFile(`${path}.pub`, 'utf8')).key
  } catch {
    // The private key has the public one in it.
  }
  try {
    return parsePrivateKey(await fs.readFile(path, 'utf8')).publicKey
  } catch (error) {
    const code = systemErrorCode(error)
    if (code !== undefined && code !== 'ENOENT') throw error
    return undefined
  }
}
