import { join } from 'node:path'
import type { Environment } from '../base/parameter.ts'

/** Where programs keep a user's state (XDG Base Directory Specification, `XDG_STATE_HOME`). */
export function userStateDirectory({ env, home }: Pick<Environment, 'env' | 'home'>): string {
  return env['XDG_STATE_HOME'] || join(home, '.local', 'state')
}
