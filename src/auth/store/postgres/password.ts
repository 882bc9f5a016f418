/** Passwords in a passfile, as libpq reads it: `hostname:port:database:username:password`. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../../../base/errors.ts'
import { StoreError } from '../../storage.ts'
import { isSocket, type PostgresAddress, type PostgresHost } from './address.ts'

export interface PasswordSources {
  /** Given to the hub. */
  readonly password: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

const OTHERS = 0o077

/** Undefined where none is known: the server may not ask. @throws StoreError `unavailable` */
export async function passwordFor(
  address: PostgresAddress,
  host: PostgresHost,
  { password, env, home }: PasswordSources,
): Promise<string | undefined> {
  const given = password ?? env['PGPASSWORD']
  if (given !== undefined) return given
  const named = address.passFile ?? env['PGPASSFILE']
  const path = named ?? join(home, '.pgpass')
  const text = await readPassFile(path, named !== undefined)
  return text === undefined ? undefined : findPassword(text, address, host)
}

export function findPassword(
  text: string,
  { database, user }: Pick<PostgresAddress, 'database' | 'user'>,
  { host, port }: PostgresHost,
): string | undefined {
  const wanted = [isSocket(host) ? 'localhost' : host, String(port), database, user]
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue
    const fields = fieldsOf(line.replace(/\r$/, ''))
    const isFor = wanted.every((value, index) => ['*', value].includes(fields[index] ?? ''))
    if (isFor && fields.length >= 5) return fields.slice(4).join(':')
  }
  return undefined
}

/** `\:` and `\\` stand for themselves. */
function fieldsOf(line: string): readonly string[] {
  const fields = ['']
  for (const [, escaped, character = ''] of line.matchAll(/\\(.)|(.)/g)) {
    if (character === ':') fields.push('')
    else fields.push(`${fields.pop() ?? ''}${escaped ?? character}`)
  }
  return fields
}

async function readPassFile(path: string, mustBe: boolean): Promise<string | undefined> {
  try {
    const { mode } = await stat(path)
    if ((mode & OTHERS) !== 0) throw refused(path, 'can be read by others', `chmod 0600 ${path}`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof StoreError) throw error
    if (systemErrorCode(error) === 'ENOENT' && !mustBe) return undefined
    throw refused(path, "can't be read", 'look at its path and permissions', error)
  }
}

function refused(path: string, what: string, hint: string, cause?: unknown): StoreError {
  return new StoreError('unavailable', 'store', `the passfile ${path} ${what}`, { hint, cause })
}
