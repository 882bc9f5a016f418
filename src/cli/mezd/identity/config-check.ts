import { formatDuration } from '../../../base/duration.ts'
import { checkParameters, stateDirectoryOf } from '../../../identity/parameters.ts'
import { formatParameter } from '../../output-format.ts'
import { formatDiagAddress } from '../../service/diag-parameter.ts'
import { settingsReport } from '../../settings-report.ts'
import { defineVerb } from '../../verb.ts'
import { formatHubAddress } from '../hub-parameters.ts'
import { identityParameters, identityStartParameters } from './parameters.ts'

export const identityConfigCheck = defineVerb({
  name: 'check',
  summary: 'check the settings without using them',
  description:
    'Reads the settings of mezd identity start from flags, environment and file, and says what they come to, or what is wrong with them. Contacts nobody and writes nothing; a join token is checked for typing errors and not shown.',
  parameters: { ...identityStartParameters, ...formatParameter },
  configurable: true,
  examples: [
    { command: 'mezd identity config check --config /etc/mezite/mezd.yaml', does: 'check a file' },
  ],
  seeAlso: ['mezd identity start'],
  async run(values, invocation) {
    const parameters = await identityParameters(values, invocation)
    checkParameters(parameters)
    const settings = {
      auth_server: formatHubAddress(parameters.authServer),
      join_token: parameters.joinToken === undefined ? 'not given' : 'given, well-formed',
      destination: parameters.destination,
      state_dir: parameters.oneShot ? 'none: one-shot' : stateDirectoryOf(parameters),
      renewal_interval: durationOr(
        parameters.renewalIntervalMs,
        "a third of the certificate's life",
      ),
      certificate_ttl: durationOr(parameters.certificateTtlMs, "the hub's default"),
      key_lifetime: formatDuration(parameters.keyLifetimeMs),
      one_shot: parameters.oneShot,
      on_renew: values.onRenew ?? 'nothing is run',
      diag_addr: values.diagAddr === undefined ? 'none' : formatDiagAddress(values.diagAddr),
      hub_recognised_by: values.caFile ?? "the join token's pin, then the cluster's own CA",
    }
    invocation.stdout.write(settingsReport(settings, values.format))
  },
})

function durationOr(milliseconds: number | undefined, otherwise: string): string {
  return milliseconds === undefined ? otherwise : formatDuration(milliseconds)
}
