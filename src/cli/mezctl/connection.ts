/** How `mezctl` reaches the hub: its unix socket, or its port with an admin identity. */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../../base/errors.ts'
import { optional, type Values } from '../../base/parameter.ts'
import { address, file } from '../../base/value-kind.ts'
import type { AdminClient, AdminTarget } from '../../client/admin-client.ts'
import { CliError } from '../cli-error.ts'
import { dataDirectoryParameter, hubSocket } from '../data-directory.ts'
import type { Invocation } from '../invocation.ts'

export const hubParameters = {
  dataDir: dataDirectoryParameter,
  identityFile: optional(file, {
    help: 'administer a hub elsewhere, with this admin identity',
    env: 'MEZITE_ADMIN_IDENTITY',
    group: 'Hub:',
  }),
  authServer: optional(address(3025), {
    help: 'where that hub is, in place of the address in the identity file',
    env: 'MEZITE_AUTH_SERVER',
    group: 'Hub:',
  }),
}

export type HubValues = Values<typeof hubParameters>

export interface CallOptions {
  readonly signal: AbortSignal
}

/**
 * Opens the hub for one act and closes it behind it.
 *
 * @throws CliError `no-hub` without a socket to connect to; HubError
 */
export async function withHub<T>(
  values: HubValues,
  invocation: Invocation,
  act: (hub: AdminClient, options: CallOptions) => Promise<T>,
): Promise<T> {
  const target = await targetOf(values, invocation)
  const { openAdminClient } = await import('../../client/admin-client.ts')
  const hub = await openAdminClient(target)
  try {
    return await act(hub, { signal: invocation.signal })
  } catch (error) {
    const { explainLostAnswer } = await import('./lost-answer.ts')
    throw explainLostAnswer(error)
  } finally {
    hub.close()
  }
}

async function targetOf(values: HubValues, invocation: Invocation): Promise<AdminTarget> {
  const { identityFile, authServer, dataDir } = values
  if (identityFile === undefined) {
    const path = hubSocket(dataDir)
    await checkSocket(path, invocation.uid)
    return { kind: 'unix', path }
  }
  const { readAdminIdentity } = await import('./admin-identity.ts')
  const { hub, trust, credential } = await readAdminIdentity(identityFile)
  return { kind: 'tls', address: authServer ?? hub, trust, credential, clock: invocation.clock }
}

async function checkSocket(path: string, uid: number): Promise<void> {
  const { uid: owner } = await stat(path).catch(async (cause: unknown) => {
    throw systemErrorCode(cause) === 'EACCES'
      ? belongsToAnother(path, await ownerOf(dirname(path)))
      : noHub(path, cause)
  })
  if (owner !== uid && uid !== 0) throw belongsToAnother(path, owner)
}

async function ownerOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.uid
}

function noHub(path: string, cause: unknown): CliError {
  return new CliError('no-hub', `no hub listens at ${path}`, {
    hint:
      'is mezhub running? start it with: mezhub start\n' +
      'or name its data directory with --data-dir, or an admin identity with --identity-file',
    cause,
  })
}

function belongsToAnother(path: string, owner: number | undefined): CliError {
  const user = owner === undefined ? 'another user' : owner === 0 ? 'root' : `user ID ${owner}`
  return new CliError('no-hub', `the hub's socket ${path} belongs to ${user}`, {
    hint: `run mezctl as ${owner === undefined ? 'that user' : user}, or with an admin identity: --identity-file FILE`,
  })
}
