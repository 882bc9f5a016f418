import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { StoreError } from '../../storage.ts'
import { isSocket, type PostgresAddress, type PostgresHost } from './address.ts'

/**
 * As libpq's sslmode: `verify-full` verifies the chain and the name, `verify-ca` the chain, `require`
 * neither unless a root certificate is given. A unix socket needs none.
 *
 * @throws StoreError `unavailable` for a file that can't be read
 */
export async function tlsOptions(
  { sslMode, sslRootCert, sslCert, sslKey }: PostgresAddress,
  { host }: PostgresHost,
): Promise<ConnectionOptions | false> {
  if (sslMode === 'disable' || isSocket(host)) return false
  const [ca, cert, key] = await Promise.all([sslRootCert, sslCert, sslKey].map(readPem))
  return {
    host,
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: sslMode !== 'require' || ca !== undefined,
    ...(sslMode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new StoreError('unavailable', 'store', `${path} can't be read`, {
      hint: 'look at sslrootcert, sslcert and sslkey in the URI of the store',
      cause,
    })
  }
}
