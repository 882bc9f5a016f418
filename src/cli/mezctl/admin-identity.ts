/**
 * The admin identity file: one JSON document that holds all that is needed to administer a hub from
 * elsewhere. It is a secret, made once and never overwritten.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { open, stat, unlink } from 'node:fs/promises'
import { formatAddress, parseAddress } from '../../base/address.ts'
import { messageOf, systemErrorCode } from '../../base/errors.ts'
import { systemFileSystem, writeFileDurably } from '../../base/file-system.ts'
import type { ClientCredential, HubAddress, HubTrust } from '../../client/identity-hub.ts'
import { encodeCertificatePem, parseCertificatePem } from '../../x509/pem.ts'
import { CliError } from '../cli-error.ts'
import { readNamedFile } from '../named-file.ts'

export interface AdminIdentity {
  readonly hub: HubAddress
  readonly trust: Extract<HubTrust, { kind: 'tls-ca' }>
  readonly credential: ClientCredential
}

const VERSION = 1

export function encodeAdminIdentity({ hub, trust, credential }: AdminIdentity): string {
  const document = {
    version: VERSION,
    hub: formatAddress(hub),
    tls_cas: trust.certificates.map(encodeCertificatePem),
    certificate: encodeCertificatePem(credential.certificate),
    private_key: credential.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** @throws CliError `file-unreadable`, `malformed-file` */
export async function readAdminIdentity(path: string): Promise<AdminIdentity> {
  try {
    const { mode } = await stat(path)
    if ((mode & 0o027) !== 0) throw tooOpen(path)
    return parseAdminIdentity(await readNamedFile(path), path)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('file-unreadable', `can't read the admin identity: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** @throws CliError `malformed-file` */
export function parseAdminIdentity(text: string, name: string): AdminIdentity {
  try {
    const document: unknown = JSON.parse(text)
    if (field(document, 'version') !== VERSION) throw new Error('not of version 1')
    const certificates = stringsOf(document, 'tls_cas').flatMap((pem) => parseCertificatePem(pem))
    const [certificate] = parseCertificatePem(stringOf(document, 'certificate'))
    if (!certificate || certificates.length === 0) throw new Error('a certificate is missing')
    return {
      hub: hubOf(document),
      trust: { kind: 'tls-ca', certificates },
      credential: { certificate, privateKey: privateKeyOf(document) },
    }
  } catch (cause) {
    // What a parser says may quote the text, and that holds a private key.
    const problem = cause instanceof SyntaxError ? 'no JSON document' : messageOf(cause)
    throw new CliError('malformed-file', `${name} is not an admin identity: ${problem}`, {
      hint: "make one on the hub's machine: mezctl admins add NAME --out FILE",
    })
  }
}

/**
 * Creates the file before `issue` is asked for its content, so that nothing is issued that can't be
 * kept; removes it again where `issue` fails.
 *
 * @throws CliError `file-exists`, `file-unwritable`
 */
export async function createIdentityFile(
  path: string,
  issue: () => Promise<AdminIdentity>,
): Promise<void> {
  const handle = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    if (systemErrorCode(cause) === 'EEXIST') {
      throw new CliError('file-exists', `${path} exists already`, {
        hint: 'an admin identity never overwrites a file: choose another name, or remove it',
      })
    }
    throw new CliError('file-unwritable', `can't create ${path}: ${messageOf(cause)}`, { cause })
  })
  try {
    await handle.writeFile(encodeAdminIdentity(await issue()))
    await handle.sync()
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await handle.close()
  }
}

/** In place of one that is there, at once. @throws CliError `file-unwritable` */
export async function replaceIdentityFile(path: string, identity: AdminIdentity): Promise<void> {
  try {
    await writeFileDurably(systemFileSystem, path, encodeAdminIdentity(identity), { mode: 0o600 })
  } catch (cause) {
    throw new CliError('file-unwritable', `can't replace ${path}: ${messageOf(cause)}`, { cause })
  }
}

function hubOf(document: unknown): HubAddress {
  try {
    return parseAddress(stringOf(document, 'hub'))
  } catch {
    throw new Error('the address of its hub is malformed')
  }
}

function privateKeyOf(document: unknown): KeyObject {
  try {
    return createPrivateKey(stringOf(document, 'private_key'))
  } catch {
    throw new Error("its private key can't be read")
  }
}

function field(document: unknown, key: string): unknown {
  return typeof document === 'object' && document !== null && Object.hasOwn(document, key)
    ? Object.entries(document).find(([name]) => name === key)?.[1]
    : undefined
}

function stringOf(document: unknown, key: string): string {
  const value = field(document, key)
  if (typeof value !== 'string') throw new Error(`${key} is missing`)
  return value
}

function stringsOf(document: unknown, key: string): readonly string[] {
  const value = field(document, key)
  if (!Array.isArray(value)) throw new Error(`${key} is missing`)
  return value.filter((item) => typeof item === 'string')
}

function tooOpen(path: string): CliError {
  return new CliError('file-unreadable', `other users can read or replace ${path}`, {
    hint: `it holds a private key: chmod 600 ${path}`,
  })
}
