/** What an operator can say of a bot's identity: as flags, in the environment, in a file. */
import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { boolean, directory, duration, text } from '../../../base/value-kind.ts'
import { DEFAULT_KEY_LIFETIME_MS, type IdentityParameters } from '../../../identity/parameters.ts'
import type { Invocation } from '../../invocation.ts'
import { logParameters } from '../../log-parameters.ts'
import { diagParameters } from '../../service/diag-parameter.ts'
import { hubAddress, hubParameters } from '../hub-parameters.ts'
import { hubTrust } from '../hub-trust.ts'
import { destinationParameter } from './destination-parameter.ts'
import { resolveReaderGroup, resolveReaderUser } from './readers.ts'

const OUTPUT = 'Output files:'
const RENEWAL = 'Renewal:'
const HOOK = 'After a renewal:'

export const identityStartParameters = {
  ...hubParameters('one-time bootstrap token from an admin; needed until the bot has joined'),
  destination: destinationParameter,
  readerUser: optional(text('USER'), {
    help: 'account that may read the output files (needs root)',
    group: OUTPUT,
  }),
  readerGroup: optional(text('GROUP'), {
    help: 'group that may read the output files',
    group: OUTPUT,
  }),
  stateDir: optional(directory, {
    help: 'directory of the renewable credential',
    defaultText: '.state in the destination',
    group: OUTPUT,
  }),
  renewalInterval: optional(duration, {
    help: 'how often to renew certificates; must be shorter than their life',
    defaultText: "a third of the certificate's life",
    group: RENEWAL,
  }),
  certificateTtl: optional(duration, {
    help: 'wanted life of the certificates; the roles cap it',
    defaultText: "the hub's default, 1h",
    group: RENEWAL,
  }),
  keyLifetime: withDefault(duration, () => DEFAULT_KEY_LIFETIME_MS, {
    help: 'replace the SSH key when it is older; 0s: at every renewal',
    defaultText: '1d',
    group: RENEWAL,
  }),
  oneShot: withDefault(boolean, () => false, {
    help: 'join once, write the files and exit; keeps nothing renewable on disk',
    group: RENEWAL,
  }),
  onRenew: optional(text('COMMAND'), {
    help: 'run this by /bin/sh after each publication, and again until it succeeds',
    defaultText: 'nothing is run',
    group: HOOK,
  }),
  onRenewTimeout: withDefault(duration, '30s', {
    help: 'end the command when it takes longer',
    group: HOOK,
  }),
  ...diagParameters,
  ...logParameters,
}

export type IdentityStartValues = Values<typeof identityStartParameters>

/** Resolves what a value only names: accounts, and files of root certificates. */
export async function identityParameters(
  values: IdentityStartValues,
  invocation: Pick<Invocation, 'cwd'>,
): Promise<IdentityParameters> {
  const { readerUser, readerGroup } = values
  return {
    authServer: hubAddress(values.authServer),
    joinToken: values.joinToken,
    destination: values.destination,
    stateDirectory: values.stateDir,
    renewalIntervalMs: values.renewalInterval,
    certificateTtlMs: values.certificateTtl,
    keyLifetimeMs: values.keyLifetime,
    oneShot: values.oneShot,
    readerUser: readerUser === undefined ? undefined : await resolveReaderUser(readerUser),
    readerGroup: readerGroup === undefined ? undefined : await resolveReaderGroup(readerGroup),
    trust: await hubTrust(values.caFile, invocation),
  }
}
