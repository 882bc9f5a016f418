/**
 * The text of `principals/LOGIN`: one line for each principal, as sshd(8) and sshd_config(5) have
 * them under AuthorizedPrincipalsFile. sshd takes the first line that matches, whatever it says.
 */

import type { LoginGrant } from '../client/node-hub.ts'
import type { LoginEntry } from './grants.ts'

export interface PrincipalsFileOptions {
  /** The program that stands in for file_copy: false. Absolute, without `"`, `#` or control characters. */
  readonly noFileCopy: string
  /** Milliseconds since the epoch, taken down to a whole minute; undefined: lines don't expire. */
  readonly expiresAt: number | undefined
}

const NETWORK = /^[0-9A-Fa-f.:]+(?:\/\d{1,3})?$/

/**
 * Why a grant can't be written into a line, or undefined when it can.
 *
 * sshd cuts a line at the first `#`, even inside quotes, and has no way to write a backslash at the
 * end of a value.
 */
export function problemWithGrant({ sourceCidrs, forceCommand }: LoginGrant): string | undefined {
  if (!sourceCidrs.every((cidr) => NETWORK.test(cidr))) return 'it has an unreadable network'
  if (forceCommand === undefined) return undefined
  if (forceCommand.trim() === '') return 'its command is empty'
  if (/[\p{C}#]|\\$/u.test(forceCommand)) return 'sshd would misread its command'
  return undefined
}

/** Empty when nobody may enter: no file is the same. */
export function principalsFile(
  entries: readonly LoginEntry[],
  options: PrincipalsFileOptions,
): string {
  return entries
    .map(({ grant, principals }) => {
      const prefix = lineOptions(grant, options)
      return principals.map((principal) => `${prefix} ${principal}\n`).join('')
    })
    .join('')
}

/** The options of one line. `restrict` comes first: what follows is what it doesn't take. */
export function lineOptions(
  { pty, portForwarding, fileCopy, sourceCidrs, forceCommand }: LoginGrant,
  { noFileCopy, expiresAt }: PrincipalsFileOptions,
): string {
  const command = forceCommand ?? (fileCopy ? undefined : noFileCopy)
  return [
    'restrict',
    ...(pty ? ['pty'] : []),
    ...(portForwarding ? ['port-forwarding'] : []),
    ...(sourceCidrs.length > 0 ? [`from=${quote(sourceCidrs.join())}`] : []),
    ...(command === undefined ? [] : [`command=${quote(command)}`]),
    ...(expiresAt === undefined ? [] : [`expiry-time=${quote(minuteOf(expiresAt))}`]),
  ].join()
}

/** sshd takes `\"` for a quote and every other backslash for itself. */
function quote(value: string): string {
  return `"${value.replaceAll('"', '\\"')}"`
}

const MINUTE_MS = 60_000

/** `YYYYMMDDHHMMZ`. */
function minuteOf(milliseconds: number): string {
  const minute = new Date(Math.floor(milliseconds / MINUTE_MS) * MINUTE_MS)
  return `${minute.toISOString().slice(0, 16).replaceAll(/[-T:]/g, '')}Z`
}
