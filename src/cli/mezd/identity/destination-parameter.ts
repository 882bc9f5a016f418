import { withDefault } from '../../../base/parameter.ts'
import { directory } from '../../../base/value-kind.ts'
import { defaultDestination } from '../../user-state.ts'

export const destinationParameter = withDefault(directory, defaultDestination, {
  help: 'directory where certificates are written',
  env: 'MEZITE_DESTINATION',
  group: 'Output files:',
  defaultText:
    '/var/lib/mezite/identity/certs for root, else $XDG_STATE_HOME/mezite/identity/certs',
})
