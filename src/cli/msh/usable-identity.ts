import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Invocation } from '../invocation.ts'
import { defaultDestination, userStateDirectory } from '../user-state.ts'
import { readUsableCertificate } from './certificate-check.ts'
import { readHostBlocks } from './host-block.ts'
import { CERTIFICATE, findIdentity, type IdentityFiles } from './identity-files.ts'
import { onlyLogin } from './login.ts'
import type { UsableIdentity } from './ssh-command.ts'

interface Choice {
  readonly cert: string | undefined
  readonly identity: string | undefined
}

/** @throws CliError */
export async function chooseIdentity(
  { cert, identity }: Choice,
  invocation: Invocation,
): Promise<IdentityFiles> {
  return await findIdentity({
    cert,
    identity,
    lastDestination: () => lastDestination(invocation),
  })
}

/** The identity to use, checked as far as this machine can without asking anyone. */
export async function openIdentity(
  choice: Choice,
  invocation: Invocation,
): Promise<UsableIdentity> {
  const files = await chooseIdentity(choice, invocation)
  const certificate = readUsableCertificate(files, invocation.clock.now())
  return {
    files,
    blocks: readHostBlocks(files.sshConfigFile),
    onlyLogin: onlyLogin(certificate),
  }
}

async function lastDestination(invocation: Invocation): Promise<string | undefined> {
  const { readLastDestination } = await import('../../identity/last-destination.ts')
  const base = userStateDirectory(invocation)
  const last = await readLastDestination({ open }, base, invocation.uid)
  if (last !== undefined) return last
  // A service that is confined can't leave a word in a home directory.
  const usual = defaultDestination(invocation)
  return existsSync(join(usual, CERTIFICATE)) ? usual : undefined
}
