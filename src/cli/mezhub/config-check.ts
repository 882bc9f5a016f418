import { formatAddress } from '../../base/address.ts'
import { formatDuration } from '../../base/duration.ts'
import { formatParameter } from '../output-format.ts'
import { formatDiagAddress } from '../service/diag-parameter.ts'
import { settingsReport } from '../settings-report.ts'
import { defineVerb } from '../verb.ts'
import { defaultPublicAddress, hubStartParameters } from './parameters.ts'

export const hubConfigCheck = defineVerb({
  name: 'check',
  summary: 'check the settings without using them',
  description:
    'Reads the settings of mezhub start from flags, environment and file, and says what they come to, or what is wrong with them. Opens nothing and writes nothing.',
  parameters: { ...hubStartParameters, ...formatParameter },
  configurable: true,
  examples: [
    { command: 'mezhub config check --config /etc/mezite/mezhub.yaml', does: 'check a file' },
  ],
  seeAlso: ['mezhub start'],
  async run(values, invocation) {
    if (values.store !== undefined) {
      const { postgresTarget } = await import('./postgres-target.ts')
      postgresTarget(values.store, values.storePassword, invocation)
    }
    const settings = {
      data_dir: values.dataDir,
      store: values.store ?? 'embedded',
      listen_addr: formatAddress(values.listenAddr),
      public_addr: formatAddress(values.publicAddr ?? defaultPublicAddress(values.listenAddr.port)),
      ca_key_type: values.caKeyType,
      ca_key_passphrase: values.caKeyPassphrase === undefined ? 'none' : 'given',
      audit_retention:
        values.auditRetention === undefined ? 'none' : formatDuration(values.auditRetention),
      audit_sink: values.auditSink ?? 'none',
      diag_addr: values.diagAddr === undefined ? 'none' : formatDiagAddress(values.diagAddr),
      log_format: values.logFormat,
      log_level: values.logLevel,
    }
    invocation.stdout.write(settingsReport(settings, values.format))
  },
})
