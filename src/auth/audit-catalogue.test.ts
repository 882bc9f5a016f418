import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { AUDIT_EVENTS, AUDIT_FIELDS, type AuditEntry } from './audit-catalogue.ts'
import type { Caller } from './caller.ts'
import { eventBy, eventByHub } from './context.ts'

const entries: readonly [string, AuditEntry][] = Object.entries(AUDIT_EVENTS)
const forms = entries.flatMap(([, { success, refused }]) => [
  ...(success ? [{ form: success, letter: 'I' }] : []),
  ...(refused ? [{ form: refused, letter: 'W' }] : []),
])

describe('the catalogue of audit events', () => {
  it('has a code of its own for each outcome of each type', () => {
    const codes = forms.map(({ form }) => form.code)
    assert.equal(new Set(codes).size, codes.length)
    for (const { form, letter } of forms) assert.match(form.code, RegExp(`^MZ\\d{4}${letter}$`))
    for (const [type, { success, refused }] of entries) {
      assert.match(type, /^[a-z]+\.[a-z]+$/)
      assert.ok(success ?? refused, type)
    }
  })

  it('explains the fields that events have, and no others', () => {
    const used = forms.flatMap(({ form: { fields = [], maybeFields = [] } }) => [
      ...fields,
      ...maybeFields,
    ])
    assert.deepEqual([...new Set<string>(used)].sort(), Object.keys(AUDIT_FIELDS).sort())
  })
})

describe('an event', () => {
  const context = { clock: new FakeClock() }
  const caller: Caller = { kind: 'local', address: '' }
  const subject = { bot: 'ci', instanceId: 'one' }
  const issue = { generation: '1', serial: '2', token: 't' }

  it('carries what the catalogue says, without what has nothing to say', () => {
    assert.deepEqual(
      eventBy(context, caller, 'bot.join', {
        ...subject,
        fields: { ...issue, repeated: undefined },
      }),
      {
        time: context.clock.now(),
        ...{ type: 'bot.join', outcome: 'success', actor: 'local', address: '' },
        ...{ ...subject, fields: issue },
      },
    )
    const refused = { bot: undefined, fields: { reason: 'token-used', client_host: 'ci-7' } }
    assert.deepEqual(Object.keys(eventBy(context, caller, 'bot.join', refused, 'refused')), [
      ...['time', 'type', 'outcome', 'actor', 'address', 'fields'],
    ])
  })

  it('that lacks something does not compile', () => {
    // @ts-expect-error a join tells with which token
    eventBy(context, caller, 'bot.join', { ...subject, fields: { generation: '1', serial: '2' } })
    // @ts-expect-error a join is of a bot
    eventBy(context, caller, 'bot.join', { instanceId: 'one', fields: issue })
    // @ts-expect-error a refusal tells why
    eventBy(context, caller, 'rpc.denied', { fields: { rpc: 'x' } }, 'refused')
    // @ts-expect-error a role is never refused to be made
    eventBy(context, caller, 'role.create', { fields: { role: 'x' } }, 'refused')
    // @ts-expect-error there is no such event
    eventByHub(context, 'hub.explode', {})
  })
})
