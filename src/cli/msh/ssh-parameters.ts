import { optional, required } from '../../base/parameter.ts'
import { text } from '../../base/value-kind.ts'
import { clientParameters, counted, flag, port, repeated } from './client-parameters.ts'

const FORWARDING = text('[ADDRESS:]PORT:HOST:PORT')

export const sshParameters = {
  host: required(text('[USER@]HOST'), { help: 'the node to enter' }),
  ...clientParameters,
  port: port('p'),
  tty: counted('ask for a terminal; twice: even when there is none here', 't'),
  withoutTty: flag('ask for no terminal', 'T'),
  forwardOnly: flag('run no command, forward only', 'N'),
  background: flag('go to the background before the command runs', 'f'),
  withoutInput: flag('read nothing from standard input', 'n'),
  localForward: repeated(FORWARDING, {
    help: 'forward a port of this machine to one that the node reaches; may be repeated',
    short: 'L',
  }),
  remoteForward: repeated(FORWARDING, {
    help: 'forward a port of the node to one that this machine reaches; may be repeated',
    short: 'R',
  }),
  dynamicForward: repeated(text('[ADDRESS:]PORT'), {
    help: 'serve SOCKS on a port of this machine; may be repeated',
    short: 'D',
  }),
  stdioForward: optional(text('HOST:PORT'), {
    help: 'join standard input and output to a port that the node reaches',
    short: 'W',
  }),
}
