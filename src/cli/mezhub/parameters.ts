/** What an operator can say of a hub: as flags, in the environment, in a file. */
import { hostname } from 'node:os'
import { optional, type Values, withDefault } from '../../base/parameter.ts'
import { address, choice, text } from '../../base/value-kind.ts'
import type { KeyType } from '../../ssh/key-type.ts'
import { dataDirectoryParameter } from '../data-directory.ts'
import { logParameters } from '../log-parameters.ts'
import { diagParameters } from '../service/diag-parameter.ts'
import { auditParameters } from './audit-parameters.ts'
import { storeParameters } from './store-parameters.ts'

const NETWORK = 'Network:'
const AUTHORITIES = 'Certificate authorities:'

export const DEFAULT_PORT = 3025

/** The key types of the SSH CAs, by the names that people use. */
export const CA_KEY_TYPES = {
  ed25519: 'ssh-ed25519',
  'ecdsa-p256': 'ecdsa-sha2-nistp256',
  'ecdsa-p384': 'ecdsa-sha2-nistp384',
  'ecdsa-p521': 'ecdsa-sha2-nistp521',
  rsa: 'ssh-rsa',
} as const satisfies Readonly<Record<string, KeyType>>

export const hubStartParameters = {
  dataDir: dataDirectoryParameter,
  ...storeParameters,
  listenAddr: withDefault(address(DEFAULT_PORT), `0.0.0.0:${DEFAULT_PORT}`, {
    help: 'where to listen; port 0 takes any free one',
    group: NETWORK,
  }),
  publicAddr: optional(address(DEFAULT_PORT), {
    help: 'where bots find the hub, for what mezctl prints',
    defaultText: `this machine's name, port ${DEFAULT_PORT}`,
    group: NETWORK,
  }),
  caKeyType: withDefault(
    choice('ed25519', 'ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa'),
    'ed25519',
    {
      help: 'key type of the SSH CAs, when the first start makes them',
      group: AUTHORITIES,
    },
  ),
  caKeyPassphrase: optional(text('PASSPHRASE'), {
    help: 'seal the CA keys under a passphrase, from the first start on',
    secret: true,
    group: AUTHORITIES,
  }),
  ...auditParameters,
  ...diagParameters,
  ...logParameters,
}

export type HubStartValues = Values<typeof hubStartParameters>

/** Where bots find a hub that listens on this port, where nothing else is said. */
export function defaultPublicAddress(port: number) {
  return { host: hostname(), port }
}
