import { join } from 'node:path'
import { type Environment, withDefault } from '../../../base/parameter.ts'
import { directory } from '../../../base/value-kind.ts'
import { userStateDirectory } from '../../user-state.ts'

const NAME = ['mezite', 'identity', 'certs']

function defaultDestination(environment: Environment): string {
  return join(environment.uid === 0 ? '/var/lib' : userStateDirectory(environment), ...NAME)
}

export const destinationParameter = withDefault(directory, defaultDestination, {
  help: 'directory where certificates are written',
  env: 'MEZITE_DESTINATION',
  group: 'Output files:',
  defaultText:
    '/var/lib/mezite/identity/certs for root, else $XDG_STATE_HOME/mezite/identity/certs',
})
