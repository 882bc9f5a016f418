import type { SshCertificate } from '../../ssh/certificate.ts'
import { CliError } from '../cli-error.ts'

/** A host as the caller named it, and the login that he gave with it. */
export interface Target {
  readonly host: string
  readonly login: string | undefined
}

const HOST = /^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/
const LOGIN = /^[A-Za-z0-9_.][A-Za-z0-9_.@+$-]*$/

/** What in a certificate names the bot, beside the logins. */
const BOT = 'bot:'

/**
 * `[LOGIN@]HOST`, and a login that was given apart from it.
 *
 * @throws CliError `usage`
 */
export function parseTarget(text: string, separate: string | undefined): Target {
  const at = text.lastIndexOf('@')
  const host = text.slice(at + 1)
  if (!HOST.test(host)) {
    throw new CliError('usage', `${JSON.stringify(host)} can't be the name of a host`, {
      hint: 'give a node, a host name or an address',
    })
  }
  const joined = at < 0 ? undefined : text.slice(0, at)
  return { host, login: chooseLogin(joined, separate) }
}

function chooseLogin(joined: string | undefined, separate: string | undefined): string | undefined {
  for (const login of [joined, separate]) {
    if (login !== undefined && !LOGIN.test(login)) {
      throw new CliError('usage', `${JSON.stringify(login)} can't be a login`, {
        hint: 'give the name of an account: --login=deploy, or deploy@HOST',
      })
    }
  }
  if (joined !== undefined && separate !== undefined && joined !== separate) {
    throw new CliError('usage', `two logins: ${joined}@… and --login=${separate}`, {
      hint: 'give one of them',
    })
  }
  return joined ?? separate
}

/** The principals that are accounts. */
export function loginsOf({ validPrincipals }: SshCertificate): readonly string[] {
  return validPrincipals.filter((principal) => !principal.startsWith(BOT))
}

/** The bot that the certificate was issued to, or undefined for another authority's certificate. */
export function botOf({ validPrincipals }: SshCertificate): string | undefined {
  return validPrincipals.find((it) => it.startsWith(BOT))?.slice(BOT.length)
}

/** The login when there is no choice; with several, ssh takes the name of the local account. */
export function onlyLogin(certificate: SshCertificate): string | undefined {
  const logins = loginsOf(certificate)
  return logins.length === 1 ? logins[0] : undefined
}
