import { formatDuration } from '../../../base/duration.ts'
import { formatParameter } from '../../output-format.ts'
import { formatDiagAddress } from '../../service/diag-parameter.ts'
import { settingsReport } from '../../settings-report.ts'
import { defineVerb } from '../../verb.ts'
import { formatHubAddress } from '../hub-parameters.ts'
import { nodeParameters, nodeStartParameters } from './parameters.ts'

export const nodeConfigCheck = defineVerb({
  name: 'check',
  summary: 'check the settings without using them',
  description:
    'Reads the settings of mezd node start from flags, environment and file, and says what they come to, or what is wrong with them. Contacts no hub and changes nothing; a join token is checked for typing errors and not shown.',
  parameters: { ...nodeStartParameters, ...formatParameter },
  configurable: true,
  examples: [
    { command: 'mezd node config check --config /etc/mezite/node.yaml', does: 'check a file' },
  ],
  seeAlso: ['mezd node start'],
  async run(values, invocation) {
    const parameters = await nodeParameters(values, invocation)
    const { checkNodeParameters } = await import('../../../node/parameters.ts')
    const { checkLabelKey, checkLabelValue } = await import('../../../policy/labels.ts')
    checkNodeParameters(parameters)
    const labels = Object.entries(parameters.labels).map(
      ([key, value]) => `${checkLabelKey(key)}=${checkLabelValue(value)}`,
    )
    const { ownSshd, strictMs } = parameters
    const settings = {
      auth_server: formatHubAddress(parameters.authServer),
      join_token: parameters.joinToken === undefined ? 'not given' : 'given, well-formed',
      name: parameters.name,
      labels: labels.join(',') || 'none',
      hosts: parameters.hosts.join(','),
      port: parameters.port,
      state_dir: parameters.stateDirectory,
      run_dir: parameters.runDirectory,
      strict: strictMs === undefined ? 'no' : formatDuration(strictMs),
      sshd: ownSshd ? `its own, on port ${ownSshd.port}` : parameters.sshdDirectory,
      diag_addr: values.diagAddr === undefined ? 'none' : formatDiagAddress(values.diagAddr),
      hub_recognised_by: values.caFile ?? "the join token's pin, then the cluster's own CA",
    }
    invocation.stdout.write(settingsReport(settings, values.format))
  },
})
