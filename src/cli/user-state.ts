import { join } from 'node:path'
import type { Environment } from '../base/parameter.ts'

/** Where programs keep a user's state (XDG Base Directory Specification, `XDG_STATE_HOME`). */
export function userStateDirectory({ env, home }: Pick<Environment, 'env' | 'home'>): string {
  return env['XDG_STATE_HOME'] || join(home, '.local', 'state')
}

/** Where a user's bot publishes unless it is told. */
export function defaultDestination(environment: Pick<Environment, 'env' | 'home' | 'uid'>): string {
  const base = environment.uid === 0 ? '/var/lib' : userStateDirectory(environment)
  return join(base, 'mezite', 'identity', 'certs')
}
