import { formatTime } from '../../base/clock.ts'
import { required, withDefault } from '../../base/parameter.ts'
import { boolean, file } from '../../base/value-kind.ts'
import { dataDirectoryParameter } from '../data-directory.ts'
import { formatJson, formatParameter } from '../output-format.ts'
import { formatDetails } from '../table.ts'
import { defineVerb } from '../verb.ts'
import { storeParameters } from './store-parameters.ts'

export const hubBackup = defineVerb({
  name: 'backup',
  summary: 'back up the embedded store',
  description:
    "Writes everything that a hub keeps into one file: CAs, bots, roles, nodes, locks and the audit log, as they stood at one moment. The hub may run meanwhile. The file is readable by this user alone, and checked before it gets its name. It holds the CAs' private keys: sealed where the hub has a passphrase, else as they are.",
  parameters: {
    to: required(file, { help: 'the file to write' }),
    replace: withDefault(boolean, 'false', { help: 'replace a file that is there' }),
    dataDir: dataDirectoryParameter,
    store: storeParameters.store,
    ...formatParameter,
  },
  positional: ['to'],
  examples: [
    { command: 'mezhub backup /srv/backup/hub-$(date +%F).db', does: 'from a timer, every day' },
  ],
  seeAlso: ['mezhub restore'],
  async run(values, { clock, uid, stdout }) {
    if (values.store !== undefined) {
      const { requireEmbedded } = await import('./postgres-target.ts')
      requireEmbedded(
        values.store,
        'back it up with pg_dump, or with base backups and WAL: docs/postgres.md',
      )
    }
    const { backUp } = await import('../../auth/store/sqlite/backup.ts')
    const { to: path, replace, dataDir: directory, format } = values
    const facts = await backUp({ directory, path, replace, clock, uid })
    const shown = {
      file: path,
      cluster: facts.clusterId,
      taken_at: formatTime(facts.takenAt),
      bots: facts.bots,
      last_audit_event: facts.lastEvent,
      bytes: facts.bytes,
    }
    stdout.write(
      format === 'json'
        ? formatJson(shown)
        : `Backed up: ${path}\n\n${formatDetails([
            ['Cluster', shown.cluster],
            ['Taken', shown.taken_at],
            ['Bots', String(shown.bots)],
            ['Last audit event', String(shown.last_audit_event)],
            ['Bytes', String(shown.bytes)],
          ])}`,
    )
  },
})
