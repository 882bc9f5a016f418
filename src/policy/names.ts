import { PolicyError } from './policy-error.ts'

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/

/**
 * The names of OS accounts, without the trailing `$` of Samba's machine accounts: a principal of a
 * certificate can't hold one.
 */
const LOGIN = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$/

/** Returns the name as it is. @throws PolicyError `malformed-name` */
export function checkName(kind: 'bot' | 'role' | 'node' | 'admin', text: string): string {
  if (NAME.test(text)) return text
  throw new PolicyError(
    'malformed-name',
    `${JSON.stringify(text)} can't be the name of a ${kind}`,
    {
      hint: 'use 1 to 63 of a-z 0-9 . _ -, with a letter or digit at both ends',
    },
  )
}

/**
 * Returns the login as it is. A login is also a principal in certificates, which sshd compares
 * letter by letter, so it is always literal.
 *
 * @throws PolicyError `malformed-name`
 */
export function checkLogin(text: string): string {
  if (LOGIN.test(text)) return text
  throw new PolicyError('malformed-name', `${JSON.stringify(text)} can't be a login`, {
    hint: loginHint(text),
  })
}

function loginHint(text: string): string {
  if (text.startsWith('bot:')) return '"bot:" is kept for the principals of bots'
  if (text.includes('*') || text.startsWith('^')) {
    return 'certificates carry literal logins: list each one, patterns are for deny.logins only'
  }
  return 'use 1 to 32 of a-z A-Z 0-9 _ . -, beginning with a letter or _'
}

const LONGEST_DESCRIPTION = 1_024

/** Returns the text as it is; it is shown on terminals. @throws PolicyError `malformed-name` */
export function checkDescription(text: string): string {
  if (text.length <= LONGEST_DESCRIPTION && !/[^\P{C}\n]|[\p{Zl}\p{Zp}]/u.test(text)) return text
  throw new PolicyError('malformed-name', "this can't be a description", {
    hint: `use up to ${LONGEST_DESCRIPTION} printable characters`,
  })
}
