/**
 * The tables of docs/audit.md, from the catalogue of events. `node scripts/audit-table.ts` writes
 * them; a test holds the page to them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AUDIT_EVENTS,
  AUDIT_FIELDS,
  type AuditEntry,
  type AuditForm,
} from '../src/auth/audit-catalogue.ts'

const PAGE = join(import.meta.dirname, '../docs/audit.md')

/** The page with its tables as they must be. @throws Error where it has no place for them */
export function withTables(page: string): string {
  return [
    ['events', eventTable()],
    ['fields', fieldTable()],
  ].reduce((text, [name = '', table = '']) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end of ${name} -->)`)
    if (!place.test(text)) throw new Error(`docs/audit.md has no place for its ${name}`)
    return text.replace(place, (_all, begin, end) => `${begin}\n${table}\n${end}`)
  }, page)
}

function eventTable(): string {
  const entries: readonly [string, AuditEntry][] = Object.entries(AUDIT_EVENTS)
  const rows = entries.flatMap(([type, { meaning, success, refused }]) => [
    ...(success ? [rowOf(type, 'success', meaning, success)] : []),
    ...(refused ? [rowOf(type, 'refused', meaning, refused)] : []),
  ])
  return [
    '| code | type | outcome | what it tells | with |',
    '| --- | --- | --- | --- | --- |',
    ...rows.toSorted(),
    '',
  ].join('\n')
}

const SUBJECTS = { bot: 'bot', instanceId: 'instance_id' } as const

function rowOf(type: string, outcome: string, meaning: string, form: AuditForm): string {
  const { about = [], maybeAbout = [], fields = [], maybeFields = [] } = form
  const always = [...about.map((name) => SUBJECTS[name]), ...fields].map((name) => `\`${name}\``)
  const maybe = [...maybeAbout.map((name) => SUBJECTS[name]), ...maybeFields].map(
    (name) => `\`${name}\``,
  )
  const parts = [
    ...(always.length > 0 ? [always.join(', ')] : []),
    ...(maybe.length > 0 ? [`perhaps ${maybe.join(', ')}`] : []),
  ]
  return `| ${form.code} | \`${type}\` | ${outcome} | ${form.meaning ?? meaning} | ${parts.join('; ')} |`
}

function fieldTable(): string {
  const rows = Object.entries(AUDIT_FIELDS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
  return ['| field | what it means |', '| --- | --- |', ...rows, ''].join('\n')
}

if (import.meta.main) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')))
