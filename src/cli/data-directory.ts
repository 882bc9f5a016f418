/** The hub's data directory: where `mezhub` keeps its store, and its socket for `mezctl`. */
import { join } from 'node:path'
import { type Environment, withDefault } from '../base/parameter.ts'
import { directory } from '../base/value-kind.ts'

function defaultDataDirectory({ env, home, uid }: Environment): string {
  if (uid === 0) return '/var/lib/mezite'
  return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'mezite')
}

export const dataDirectoryParameter = withDefault(directory, defaultDataDirectory, {
  help: "the hub's data directory",
  env: 'MEZITE_DATA_DIR',
  group: 'Hub:',
  defaultText: '/var/lib/mezite for root, else $XDG_STATE_HOME/mezite',
})

export function hubSocket(dataDirectory: string): string {
  return join(dataDirectory, 'hub.sock')
}
