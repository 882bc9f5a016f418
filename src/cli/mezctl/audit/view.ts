import type { AuditEvent } from '../../../gen/mezite/v1/admin_pb.js'
import type { Invocation } from '../../invocation.ts'
import type { OutputFormat } from '../../output-format.ts'
import { type Column, growingTable, hasStyles } from '../../table.ts'
import { timeText } from '../wire-values.ts'

export function eventJson(event: AuditEvent) {
  return {
    sequence: Number(event.sequence),
    time: timeText(event.time),
    type: event.type,
    code: event.code,
    outcome: event.outcome,
    actor: event.actor,
    address: event.address || null,
    bot: event.bot || null,
    instance_id: event.instanceId || null,
    fields: event.fields,
    hash: Buffer.from(event.hash).toString('hex'),
    version: event.version,
  }
}

const COLUMNS: readonly Column<AuditEvent>[] = [
  { header: 'TIME', cell: (event) => timeText(event.time) ?? '' },
  { header: 'CODE', cell: (event) => event.code },
  { header: 'TYPE', cell: (event) => event.type },
  { header: 'OUTCOME', cell: (event) => event.outcome },
  { header: 'ACTOR', cell: (event) => event.actor },
  { header: 'ADDRESS', cell: (event) => event.address },
  { header: 'DETAILS', cell: detailsOf },
]

function detailsOf({ bot, instanceId, fields }: AuditEvent): string {
  const known = { ...(bot && { bot }), ...(instanceId && { instance: instanceId }) }
  return Object.entries({ ...known, ...fields })
    .map(([key, value]) => `${key}=${/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`)
    .join(' ')
}

/** Events that come part by part. */
export interface EventPrinter {
  print(events: readonly AuditEvent[]): void
  end(): void
}

/** A JSON array, or a table; and for no events a line on standard error. */
export function printEvents(format: OutputFormat, invocation: Invocation): EventPrinter {
  return format === 'json' ? jsonArray(invocation) : tableOf(invocation)
}

/** A JSON document on each line, or a table. */
export function followEvents(format: OutputFormat, invocation: Invocation): EventPrinter {
  const { stdout } = invocation
  if (format === 'text') return tableOf(invocation)
  return {
    print(events) {
      for (const event of events) stdout.write(`${JSON.stringify(eventJson(event))}\n`)
    },
    end() {},
  }
}

function jsonArray({ stdout }: Invocation): EventPrinter {
  let isFirst = true
  return {
    print(events) {
      for (const event of events) {
        const text = JSON.stringify(eventJson(event), undefined, 2).replaceAll('\n', '\n  ')
        stdout.write(`${isFirst ? '[' : ','}\n  ${text}`)
        isFirst = false
      }
    },
    end: () => stdout.write(isFirst ? '[]\n' : '\n]\n'),
  }
}

function tableOf({ stdout, stderr, env }: Invocation): EventPrinter {
  const table = growingTable(COLUMNS, { bold: hasStyles(stdout, env) })
  let isEmpty = true
  return {
    print(events) {
      if (events.length === 0) return
      isEmpty = false
      stdout.write(table(events))
    },
    end() {
      if (isEmpty) stderr.write('No such events.\n')
    },
  }
}
