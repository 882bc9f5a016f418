import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { fileOrStandard, integer } from '../../../base/value-kind.ts'
import type { AdminClient } from '../../../client/admin-client.ts'
import type { StartExportResponse } from '../../../gen/mezite/v1/admin_pb.js'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { moment, timeOf } from '../../moment.ts'
import { formatJson, formatParameter, type OutputFormat } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { type CallOptions, hubParameters, withHub } from '../connection.ts'
import { counted, toSeconds } from '../wire-values.ts'
import { createProgress } from './progress.ts'

const parameters = {
  out: withDefault(fileOrStandard, '-', {
    help: 'the file to write; replaced as a whole when everything is there, or not at all',
    defaultText: 'standard output',
  }),
  after: optional(integer(1, Number.MAX_SAFE_INTEGER, 'SEQUENCE'), {
    help: 'begin after the event of this sequence number: the last one of the export before',
  }),
  since: optional(moment, { help: 'begin then: 2026-03-24T15:00:00Z, or 24h for a day ago' }),
  until: optional(moment, { help: 'end at the first checkpoint from then on' }),
}

export const auditExport = defineVerb({
  name: 'export',
  summary: 'write audit events as JSON lines that can be verified',
  description:
    'Writes the audit log, or a part of it without gaps, as one JSON document on each line: whose log it is and where it begins, then events and checkpoints in their order. It ends with an event that the hub has signed. mezctl audit verify verifies such a file on any machine, with the public key of the hub.',
  parameters: { ...parameters, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl audit export --out audit.jsonl', does: 'everything there is' },
    { command: 'mezctl audit export --after 120034 --out audit-2.jsonl', does: 'what came since' },
    {
      command: `mezctl audit export --since 24h | jq -r 'select(.outcome == "refused").time'`,
      does: 'when something was refused on the last day',
    },
  ],
  seeAlso: ['mezctl audit verify', 'mezctl audit key'],
  async run(values, invocation) {
    await withHub(values, invocation, async (hub, options) => {
      const start = await startExport(hub, values, invocation, options)
      const lines = readLines(hub, start, invocation, options)
      if (values.out === '-') {
        for await (const part of lines) invocation.stdout.write(part)
      } else {
        await writeFile(values.out, lines)
        invocation.stdout.write(summary(start, values.out, values.format))
      }
      if (start.damage) {
        throw new CliError('damaged-log', `its end is not signed: ${start.damage}`, {
          hint: 'the export is complete all the same; mezctl audit verify says what is wrong',
        })
      }
    })
  },
})

function summary(
  { after, through }: StartExportResponse,
  out: string,
  format: OutputFormat,
): string {
  const events = through - after
  return format === 'json'
    ? formatJson({ events: Number(events), through: Number(through), file: out })
    : `Exported: ${counted(events, 'event')} up to ${through}, to ${printable(out)}\n`
}

async function startExport(
  hub: AdminClient,
  { after, since, until }: Values<typeof parameters>,
  { clock }: Invocation,
  options: CallOptions,
): Promise<StartExportResponse> {
  const now = clock.now()
  return hub.audit.startExport(
    {
      after: BigInt(after ?? 0),
      ...(since && { since: toSeconds(timeOf(since, now)) }),
      ...(until && { until: toSeconds(timeOf(until, now)) }),
    },
    options,
  )
}

/** Part by part: the hub and this side hold no more than one. */
async function* readLines(
  hub: AdminClient,
  { header, after, through }: StartExportResponse,
  invocation: Invocation,
  options: CallOptions,
): AsyncGenerator<string, void, undefined> {
  const progress = createProgress(invocation)
  try {
    yield `${header}\n`
    for (let last = after; last < through; ) {
      const part = await hub.audit.readExport({ after: last, through }, options)
      if (part.last <= last) throw endedEarly(last, through)
      yield Buffer.from(part.lines).toString()
      last = part.last
      progress.show(`${last - after} of ${counted(through - after, 'event')}`)
    }
  } finally {
    progress.clear()
  }
}

async function writeFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const { systemFileSystem, writeFileDurably } = await import('../../../base/file-system.ts')
  try {
    await writeFileDurably(systemFileSystem, path, lines, { mode: 0o600 })
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new CliError('file-unwritable', `can't write ${path}: ${cause.message}`, { cause })
  }
}

function endedEarly(last: bigint, through: bigint): CliError {
  const message = `the hub has no events between ${last} and ${through} any more`
  return new CliError('damaged-log', message, {
    hint: 'if they were pruned meanwhile, export again; else: mezctl audit verify',
  })
}
