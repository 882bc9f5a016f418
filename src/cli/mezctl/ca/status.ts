import type { Rotation } from '../../../gen/mezite/v1/admin_pb.js'
import { CliError } from '../../cli-error.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { formatTable, hasStyles } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { anyCa, CA_TYPES } from './types.ts'
import { laggardColumns, rotationJson, rotationText } from './view.ts'

export const caStatus = defineVerb({
  name: 'status',
  summary: 'show how far the rotations of CAs have come',
  description:
    'Shows the phase of each rotation, and for whom its next step waits: bots and nodes that have not confirmed the new CA or have not renewed, admins with an old identity, certificates that are still valid; each with the time at which it needs no more waiting.',
  parameters: { type: anyCa, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl ca status', does: 'every CA' },
    {
      command: `mezctl ca status --type=host --format=json | jq -r '.[].waiting_for[].name'`,
      does: 'whom a rotation waits for',
    },
  ],
  seeAlso: ['mezctl ca rotate', 'mezctl ca ls'],
  async run(values, invocation) {
    const { type, format } = values
    const rotations = await withHub(values, invocation, (hub, options) =>
      Promise.all(
        (type === undefined ? CA_TYPES : [type]).map(async (each) => {
          const { rotation } = await hub.authorities.getRotation({ type: each }, options)
          if (rotation) return rotation
          throw new CliError('not-found', `the hub says nothing of its ${each} CA`)
        }),
      ),
    )
    const { stdout, env } = invocation
    stdout.write(
      format === 'json'
        ? formatJson(rotations.map(rotationJson))
        : statusText(rotations, hasStyles(stdout, env)),
    )
  },
})

function statusText(rotations: readonly Rotation[], bold: boolean): string {
  const lines = rotations.map((rotation) => `${rotationText(rotation)}\n`).join('')
  const rows = rotations.flatMap(({ type, waitingFor }) =>
    waitingFor.map((laggard) => ({ ...laggard, type })),
  )
  return rows.length === 0 ? lines : `${lines}\n${formatTable(laggardColumns, rows, { bold })}`
}
