import { resolve } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import type { HubTrust } from '../../client/identity-hub.ts'
import { parseCertificatePem } from '../../x509/pem.ts'
import { CliError } from '../cli-error.ts'
import type { Invocation } from '../invocation.ts'
import { readNamedFile } from '../named-file.ts'

/** What `--ca-file` says; undefined: nothing. @throws CliError */
export async function hubTrust(
  caFile: string | undefined,
  { cwd }: Pick<Invocation, 'cwd'>,
): Promise<HubTrust | undefined> {
  if (caFile === undefined) return undefined
  if (caFile === 'system') return { kind: 'system' }
  const path = resolve(cwd, caFile)
  const pem = await readNamedFile(path).catch((cause: unknown) => {
    throw new CliError('file-unreadable', `--ca-file: ${messageOf(cause)}`, { cause })
  })
  try {
    parseCertificatePem(pem)
  } catch (cause) {
    throw new CliError('malformed-file', `--ca-file: ${path}: ${messageOf(cause)}`, {
      hint: 'give PEM certificates; `mezctl ca export --type=tls` prints the cluster’s own',
      cause,
    })
  }
  return { kind: 'roots', pem }
}
