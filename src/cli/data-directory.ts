/** The hub's data directory: where `mezhub` keeps its store, and its socket for `mezctl`. */
import { join } from 'node:path'
import { type Environment, withDefault } from '../base/parameter.ts'
import { directory } from '../base/value-kind.ts'
import { userStateDirectory } from './user-state.ts'

function defaultDataDirectory(environment: Environment): string {
  const base = environment.uid === 0 ? '/var/lib' : userStateDirectory(environment)
  return join(base, 'mezite', 'hub')
}

export const dataDirectoryParameter = withDefault(directory, defaultDataDirectory, {
  help: "the hub's data directory",
  env: 'MEZITE_DATA_DIR',
  group: 'Hub:',
  defaultText: '/var/lib/mezite/hub for root, else $XDG_STATE_HOME/mezite/hub',
})

export function hubSocket(dataDirectory: string): string {
  return join(dataDirectory, 'hub.sock')
}
