import { formatTime } from '../../base/clock.ts'
import { required, withDefault } from '../../base/parameter.ts'
import { boolean, file } from '../../base/value-kind.ts'
import { dataDirectoryParameter } from '../data-directory.ts'
import { formatJson, formatParameter } from '../output-format.ts'
import { defineVerb } from '../verb.ts'
import { storeParameters } from './store-parameters.ts'

export const hubRestore = defineVerb({
  name: 'restore',
  summary: 'put a data directory back to a backup',
  description:
    'Puts the store of a hub that is stopped back to a backup, or makes the data directory of a new machine from it. What was there is put aside, not deleted. Join tokens end, since one may have been used after the backup was taken. Bots and nodes that joined or renewed since go on where they are; the audit log says that a restore happened.',
  parameters: {
    from: required(file, { help: 'the file that mezhub backup wrote' }),
    replace: withDefault(boolean, 'false', { help: 'put the store aside that is there' }),
    dataDir: dataDirectoryParameter,
    store: storeParameters.store,
    ...formatParameter,
  },
  positional: ['from'],
  examples: [
    { command: 'mezhub restore /srv/backup/hub-2026-03-24.db', does: 'on a new machine' },
    {
      command: 'mezhub restore --replace /srv/backup/hub-2026-03-24.db',
      does: 'in place of a store that was lost or damaged',
    },
  ],
  seeAlso: ['mezhub backup', 'mezhub start'],
  async run(values, { clock, random, uid, stdout }) {
    if (values.store !== undefined) {
      const { requireEmbedded } = await import('./postgres-target.ts')
      requireEmbedded(
        values.store,
        'restore it with pg_restore, then run mezhub record-restore: docs/postgres.md',
      )
    }
    const { restore } = await import('../../auth/store/sqlite/restore.ts')
    const { makeDataDirectory } = await import('./make-data-directory.ts')
    const { from: path, replace, dataDir, format } = values
    const directory = await makeDataDirectory(dataDir, { uid })
    const { pid } = process
    const facts = await restore({ directory, path, replace, clock, random, pid, uid })
    const shown = {
      data_dir: directory,
      cluster: facts.clusterId,
      taken_at: formatTime(facts.takenAt),
      restored_at: formatTime(facts.restoredAt),
      replaced: facts.replaced ?? null,
    }
    const aside =
      facts.replaced === undefined
        ? ''
        : `What was there is in ${facts.replaced}: delete it once all is well, it holds CA keys.\n`
    stdout.write(
      format === 'json'
        ? formatJson(shown)
        : `Restored: ${directory} is cluster ${shown.cluster} as of ${shown.taken_at}
${aside}
Not in it is what was done since:
  join tokens have ended; make new ones: mezctl bots rotate-token, mezctl tokens create
  roles, bots and admins that were made, edited or removed since: look at mezctl bots ls, roles ls
  locks that were set since: set them again, mezctl locks add; mezctl locks ls shows those in force
`,
    )
  },
})
