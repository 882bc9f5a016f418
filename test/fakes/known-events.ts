/** Holds the events that a test's hub commits to the catalogue. */
import { AUDIT_FIELDS, auditForm } from '../../src/auth/audit-catalogue.ts'
import type { AuditEvent } from '../../src/auth/audit-event.ts'
import type { Store } from '../../src/auth/storage.ts'

/** What doesn't belong into this event, or is missing in it. */
export function faultsOf(event: AuditEvent): readonly string[] {
  const form = auditForm(event.type, event.outcome)
  if (!form) return [`${event.type} is never ${event.outcome}`]
  const { about = [], maybeAbout = [], fields = [], maybeFields = [] } = form
  const given = [
    ...(event.bot === undefined ? [] : ['bot']),
    ...(event.instanceId === undefined ? [] : ['instanceId']),
    ...Object.keys(event.fields ?? {}),
  ]
  const must: readonly string[] = [...about, ...fields]
  const may: readonly string[] = [...must, ...maybeAbout, ...maybeFields]
  return [
    ...given.filter((name) => !may.includes(name)).map((name) => `${event.type} has ${name}`),
    ...must.filter((name) => !given.includes(name)).map((name) => `${event.type} lacks ${name}`),
    ...Object.keys(event.fields ?? {})
      .filter((name) => !Object.hasOwn(AUDIT_FIELDS, name))
      .map((name) => `nobody knows what ${name} means`),
  ]
}

/** Returns what throws if an event since was not as the catalogue has it. */
export function expectKnownEvents(store: Store): () => void {
  const faults: string[] = []
  store.changes.subscribe((_changes, events) => faults.push(...events.flatMap(faultsOf)))
  return () => {
    if (faults.length > 0) throw new Error(`audit events: ${[...new Set(faults)].join('; ')}`)
  }
}
