import { userInfo } from 'node:os'
import { parsePostgresUri } from '../../auth/store/postgres/address.ts'
import type { PostgresTarget } from '../../auth/store/postgres/connection.ts'
import { CliError } from '../cli-error.ts'
import type { Invocation } from '../invocation.ts'

/** @throws StoreError for a URI that is none, or that holds a password */
export function postgresTarget(
  uri: string,
  password: string | undefined,
  { env, home }: Pick<Invocation, 'env' | 'home'>,
): PostgresTarget {
  const address = parsePostgresUri(uri, env['PGUSER'] ?? userInfo().username)
  return { address, passwords: { password, env, home } }
}

/** @throws CliError where the store is in PostgreSQL */
export function requireEmbedded(store: string | undefined, hint: string): void {
  if (store === undefined) return
  throw new CliError('usage', 'the store is in PostgreSQL; this is for the embedded one', {
    hint,
  })
}
