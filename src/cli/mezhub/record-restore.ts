import { formatTime } from '../../base/clock.ts'
import { required } from '../../base/parameter.ts'
import { text } from '../../base/value-kind.ts'
import { CliError } from '../cli-error.ts'
import { formatJson, formatParameter } from '../output-format.ts'
import { defineVerb } from '../verb.ts'
import { storeParameters } from './store-parameters.ts'

export const hubRecordRestore = defineVerb({
  name: 'record-restore',
  summary: 'say that the PostgreSQL database was restored',
  description:
    "To be run once after a database was put back to an older state with PostgreSQL's own tools, before the first hub starts. Join tokens end, since one may have been used after the backup was taken. Bots and nodes that joined or renewed since go on where they are, instead of being taken for copies; the audit log says that a restore happened. The embedded store needs none of this: mezhub restore does it.",
  parameters: {
    takenAt: required(text('TIME'), {
      help: 'when the backup was begun, or the time recovered to: 2026-03-24T12:00:00Z',
    }),
    ...storeParameters,
    ...formatParameter,
  },
  configurable: true,
  examples: [
    {
      command:
        'mezhub record-restore --store=postgres://mezite@db.example.com/mezite --taken-at=2026-03-24T02:00:00Z',
      does: 'after pg_restore',
    },
  ],
  seeAlso: ['mezhub start', 'mezhub restore'],
  async run({ store: uri, storePassword, takenAt, format }, invocation) {
    const { clock, random, stdout } = invocation
    if (uri === undefined) {
      throw new CliError('usage', 'no PostgreSQL store is named', {
        hint: 'name it with --store; an embedded one is put back with mezhub restore',
      })
    }
    const time = parseTime(takenAt, clock.now())
    const { postgresTarget } = await import('./postgres-target.ts')
    const { openPostgresStore } = await import('../../auth/store/postgres/open.ts')
    const { recordRestore } = await import('../../auth/restoring.ts')
    const target = postgresTarget(uri, storePassword, invocation)
    const store = await openPostgresStore({ target, clock, random })
    try {
      const { restoredAt } = await recordRestore({ store, clock, random }, time)
      const shown = {
        cluster: store.clusterId,
        taken_at: formatTime(time),
        restored_at: formatTime(restoredAt),
      }
      stdout.write(
        format === 'json'
          ? formatJson(shown)
          : `Recorded: cluster ${shown.cluster} is as of ${shown.taken_at}. Join tokens have ended.\n`,
      )
    } finally {
      await store.close()
    }
  },
})

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

function parseTime(given: string, now: number): number {
  const time = ISO.test(given) ? Date.parse(given) : Number.NaN
  if (time <= now) return time
  throw new CliError('usage', `"${given}" is no time in the past`, {
    hint: 'write it with its time zone: 2026-03-24T12:00:00Z',
  })
}
