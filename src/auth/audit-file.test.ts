import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fakeLog, forged } from '../../test/fakes/audit-log.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { publicKeyFrom } from '../ssh/public-key.ts'
import { CHAIN_START } from './audit-chain.ts'
import { AuditDamage, type AuditDamageCode } from './audit-damage.ts'
import type { StoredAuditEvent } from './audit-event.ts'
import { createAuditFileVerifier, type VerifiedFile } from './audit-file.ts'
import { encodeCheckpoint, encodeEvent, encodeHeader, type LogLine } from './audit-lines.ts'
import type { CheckpointRecord } from './audit-log.ts'

const COUNT = 23
const log = fakeLog(COUNT)

function encodeAll(lines: readonly LogLine[], header = log.header): readonly string[] {
  return [
    encodeHeader(header),
    ...lines.flatMap((line) => {
      if (line.kind === 'event') return [encodeEvent(line.event)]
      return line.kind === 'checkpoint' ? [encodeCheckpoint(line.checkpoint)] : []
    }),
  ]
}

function verify(
  lines: readonly string[],
  { held, keys = [log.key] }: { held?: CheckpointRecord; keys?: (typeof log.key)[] } = {},
): VerifiedFile {
  const verifier = createAuditFileVerifier(keys, held)
  for (const line of lines) verifier.line(line)
  return verifier.end()
}

/** What is found to be wrong, and where. */
function damageOf(
  lines: readonly string[],
  options?: Parameters<typeof verify>[1],
): { readonly code: AuditDamageCode; readonly sequence: number | undefined } {
  try {
    verify(lines, options)
  } catch (error) {
    assert.ok(error instanceof AuditDamage, String(error))
    return { code: error.code, sequence: error.sequence }
  }
  return assert.fail('nothing was found to be wrong')
}

const whole = encodeAll(log.lines)
const eventLines = log.lines.filter((line) => line.kind === 'event')
const eventAt = (sequence: number): StoredAuditEvent =>
  log.events[sequence - 1] ?? assert.fail(`no event ${sequence}`)
const previousHash = (sequence: number) => log.events[sequence - 2]?.hash ?? CHAIN_START.hash
const anySequence = fc.integer({ min: 1, max: COUNT })
const indexOf = (sequence: number) =>
  log.lines.findIndex((line) => line.kind === 'event' && line.event.sequence === sequence)

describe('a verified log', () => {
  it('is told of: where it begins, where it ends, and how far it is signed', () => {
    const { header, ...found } = verify(whole)
    assert.deepEqual(header.after, CHAIN_START)
    assert.deepEqual(found, {
      begins: 'at-first-event',
      ...{ first: 1, last: COUNT, hash: eventAt(COUNT).hash, events: COUNT, checkpoints: 5 },
      signed: log.checkpointOf(COUNT),
    })
  })

  it('may end after its last checkpoint, where a hub still writes to it', () => {
    const { signed, last } = verify(encodeAll(log.lines, { ...log.header, checkpoint: undefined }))
    assert.deepEqual([signed?.sequence, last], [20, COUNT])
  })

  it('may be a part, and may begin where it was pruned', () => {
    const after = { sequence: 7, hash: eventAt(7).hash }
    const lines = log.lines.slice(indexOf(8))
    const part = { ...log.header, after }
    assert.equal(verify(encodeAll(lines, part)).begins, 'within')
    const pruned = { ...part, anchor: log.anchorAt(7) }
    assert.equal(verify(encodeAll(lines, pruned)).begins, 'at-anchor')
    // A checkpoint is no anchor: whoever holds one can't say that what is before was pruned.
    const posed = { ...part, anchor: log.checkpointOf(7) }
    assert.deepEqual(damageOf(encodeAll(lines, posed)), { code: 'bad-signature', sequence: 7 })
  })

  it('may have its checkpoints some events later, as a sink writes them', () => {
    const late = log.lines.filter((line) => line.kind === 'checkpoint')
    assert.equal(verify(encodeAll([...eventLines, ...late])).checkpoints, 5)
    const lines: LogLine[] = []
    let previous: Uint8Array = previousHash(2)
    for (const line of eventLines) {
      const event = line.event.sequence < 2 ? line.event : forged(line.event, previous)
      previous = event.hash
      lines.push({ kind: 'event', event })
    }
    assert.deepEqual(damageOf(encodeAll([...lines, ...late])), {
      code: 'contradiction',
      sequence: 5,
    })
  })

  it('holds with any of its checkpoints left out but the last', () => {
    assert.equal(verify(encodeAll(eventLines)).events, COUNT)
  })

  it('may be cut off within a line by a hub that writes it, and by nobody else', () => {
    const rest = (header: typeof log.header) => {
      const verifier = createAuditFileVerifier([log.key])
      for (const line of encodeAll(log.lines, header)) verifier.line(line)
      verifier.rest('{"kind":"ev')
      return verifier.end().last
    }
    assert.equal(rest({ ...log.header, checkpoint: undefined }), COUNT)
    assert.throws(() => rest(log.header), { code: 'malformed', sequence: COUNT + 1 })
  })

  it('may be empty', () => {
    const head = { sequence: COUNT, hash: eventAt(COUNT).hash }
    assert.equal(verify(encodeAll([], { ...log.header, after: head })).events, 0)
  })
})

describe('what was done to an event, whichever it is, is found, and the first is named', () => {
  /** How a line can be changed so that it is still one that a hub could write. */
  const changes: Readonly<Record<string, (event: StoredAuditEvent) => StoredAuditEvent>> = {
    time: (event) => ({ ...event, time: event.time + 1 }),
    type: (event) => ({ ...event, type: 'bot.join' }),
    code: (event) => ({ ...event, code: 'MZ4001I' }),
    outcome: (event) => ({ ...event, outcome: 'refused' }),
    actor: (event) => ({ ...event, actor: 'bot:other' }),
    address: (event) => ({ ...event, address: '' }),
    bot: (event) => ({ ...event, bot: 'other' }),
    instance: (event) => ({ ...event, instanceId: 'two' }),
    'a field': (event) => ({ ...event, fields: { ...event.fields, serial: '8' } }),
    'a new field': (event) => ({ ...event, fields: { ...event.fields, x: '' } }),
    'no fields': (event) => ({ ...event, fields: {} }),
    hash: (event) => ({ ...event, hash: Buffer.alloc(32) }),
  }
  for (const [what, change] of Object.entries(changes)) {
    it(`altered: ${what}`, () => {
      fc.assert(
        fc.property(anySequence, (sequence) => {
          const lines = log.lines.with(indexOf(sequence), {
            kind: 'event',
            event: change(eventAt(sequence)),
          })
          assert.deepEqual(damageOf(encodeAll(lines)), { code: 'altered', sequence })
        }),
        { numRuns: COUNT },
      )
    })
  }

  it('altered: any byte of its line', () => {
    fc.assert(
      fc.property(anySequence, fc.nat(), fc.integer({ min: 1, max: 127 }), (sequence, at, by) => {
        const index = 1 + indexOf(sequence)
        const bytes = Buffer.from(whole[index] ?? '')
        const position = at % bytes.length
        bytes[position] = (bytes[position] ?? 0) ^ by
        // A change of the number names another event; that one isn't where it belongs.
        const { sequence: named } = damageOf(whole.with(index, bytes.toString()))
        assert.ok(named !== undefined)
        const wasNumber = /^\{"kind":"event","version":1,"sequence":\d+/.exec(whole[index] ?? '')
        if (position >= (wasNumber?.[0].length ?? 0)) assert.equal(named, sequence)
      }),
      { numRuns: 400 },
    )
  })

  it('altered, with its hash made anew: the next one tells', () => {
    for (let sequence = 1; sequence < COUNT; sequence++) {
      const event = forged(eventAt(sequence), previousHash(sequence))
      const lines = encodeAll(log.lines.with(indexOf(sequence), { kind: 'event', event }))
      const isCheckpointNext = sequence % 5 === 0
      assert.deepEqual(damageOf(lines), {
        code: isCheckpointNext ? 'contradiction' : 'altered',
        sequence: isCheckpointNext ? sequence : sequence + 1,
      })
    }
  })

  it('altered, with every hash after it made anew: the next checkpoint tells', () => {
    fc.assert(
      fc.property(anySequence, (from) => {
        let previous: Uint8Array = previousHash(from)
        const lines = log.lines.map((line): LogLine => {
          if (line.kind !== 'event' || line.event.sequence < from) return line
          const event = forged(line.event, previous)
          previous = event.hash
          return { kind: 'event', event }
        })
        const next = Math.min(COUNT, Math.ceil(from / 5) * 5)
        assert.deepEqual(damageOf(encodeAll(lines)), { code: 'contradiction', sequence: next })
        const unsigned = lines.filter(({ kind }) => kind !== 'checkpoint')
        const last = { code: 'contradiction', sequence: COUNT }
        assert.deepEqual(damageOf(encodeAll(unsigned)), last)
      }),
      { numRuns: COUNT },
    )
  })

  it('removed', () => {
    for (let sequence = 1; sequence <= COUNT; sequence++) {
      const lines = log.lines.toSpliced(indexOf(sequence), 1)
      assert.deepEqual(damageOf(encodeAll(lines)), { code: 'missing', sequence })
    }
  })

  it('removed, with the rest of the log', () => {
    for (let sequence = 1; sequence <= COUNT; sequence++) {
      const lines = log.lines.slice(0, indexOf(sequence))
      assert.deepEqual(damageOf(encodeAll(lines)), { code: 'missing', sequence })
    }
  })

  it('inserted: twice the same, and one with a hash that fits', () => {
    fc.assert(
      fc.property(anySequence, fc.boolean(), (sequence, isForged) => {
        const event = eventAt(sequence)
        const extra = isForged ? forged(event, event.hash) : event
        const lines = log.lines.toSpliced(indexOf(sequence) + 1, 0, { kind: 'event', event: extra })
        assert.deepEqual(damageOf(encodeAll(lines)), { code: 'misplaced', sequence })
      }),
      { numRuns: COUNT },
    )
  })

  it('moved', () => {
    fc.assert(
      fc.property(anySequence, anySequence, (one, other) => {
        fc.pre(one !== other)
        const [from, to] = [indexOf(one), indexOf(other)]
        const [moved] = log.lines.slice(from, from + 1)
        assert.ok(moved)
        const lines = log.lines.toSpliced(from, 1).toSpliced(to, 0, moved)
        const { sequence } = damageOf(encodeAll(lines))
        // Moved back, it comes too early; moved on, it is missed where it was.
        assert.equal(sequence, Math.min(one, other))
      }),
      { numRuns: 100 },
    )
  })
})

describe('a log that is not trusted', () => {
  it('is signed by another key', () => {
    const keys = [publicKeyFrom(generatePrivateKey('ssh-ed25519'))]
    assert.equal(damageOf(whole, { keys }).code, 'unknown-key')
    const other = fakeLog(COUNT)
    const lines = encodeAll(other.lines, { ...other.header, key: log.key })
    assert.equal(damageOf(lines).code, 'unknown-key')
  })

  it('is another cluster’s', () => {
    const header = { ...log.header, clusterId: 'other' }
    assert.deepEqual(damageOf(encodeAll(log.lines, header)), {
      code: 'bad-signature',
      sequence: COUNT,
    })
  })

  it('has a checkpoint that was altered', () => {
    const checkpoint = { ...log.checkpointOf(10), time: 0 }
    const lines = log.lines.with(indexOf(10) + 1, { kind: 'checkpoint', checkpoint })
    assert.deepEqual(damageOf(encodeAll(lines)), { code: 'bad-signature', sequence: 10 })
  })

  it('has an event of a version to come, and says that it cannot tell', () => {
    const event = { ...eventAt(4), version: 2 }
    const lines = log.lines.with(indexOf(4), { kind: 'event', event })
    assert.deepEqual(damageOf(encodeAll(lines)), { code: 'unknown-version', sequence: 4 })
  })

  it('is none', () => {
    assert.equal(damageOf([]).code, 'malformed')
    assert.equal(damageOf(['hello\n']).code, 'malformed')
    assert.equal(damageOf(whole.slice(1)).code, 'malformed')
    assert.equal(damageOf([...whole, ...whole]).code, 'misplaced')
  })

  it('knows a type of event that it has never heard of', () => {
    const event = { ...eventAt(1), type: 'moon.rise', code: 'MZ9999I' }
    const risen = { ...forged(event, CHAIN_START.hash) }
    const after = { sequence: 1, hash: risen.hash }
    const lines = encodeAll([{ kind: 'event', event: risen }], {
      ...log.header,
      checkpoint: undefined,
    })
    assert.equal(verify(lines).last, after.sequence)
  })
})

describe('a checkpoint that is held elsewhere', () => {
  it('agrees with the log that it is of', () => {
    for (let sequence = 0; sequence <= COUNT; sequence++) {
      assert.equal(verify(whole, { held: log.checkpointOf(sequence) }).last, COUNT)
    }
  })

  it('tells that the log was cut off, also at a checkpoint', () => {
    const header = { ...log.header, checkpoint: log.checkpointOf(15) }
    const cut = encodeAll(log.lines.slice(0, indexOf(16)), header)
    assert.equal(verify(cut).last, 15)
    assert.deepEqual(damageOf(cut, { held: log.checkpointOf(20) }), {
      code: 'missing',
      sequence: 16,
    })
  })

  it('tells that the log was written anew by whoever has the key', () => {
    const { signer } = log
    const anew = fakeLog(COUNT, { signer, actor: 'bot:other' })
    const lines = encodeAll(anew.lines, anew.header)
    assert.equal(verify(lines).last, COUNT)
    assert.deepEqual(damageOf(lines, { held: log.checkpointOf(12) }), {
      code: 'contradiction',
      sequence: 12,
    })
  })

  it('can not be compared with a log that begins after it', () => {
    const header = { ...log.header, after: { sequence: 7, hash: eventAt(7).hash } }
    const lines = encodeAll(log.lines.slice(indexOf(8)), header)
    assert.deepEqual(damageOf(lines, { held: log.checkpointOf(5) }), {
      code: 'not-covered',
      sequence: 5,
    })
    assert.equal(verify(lines, { held: log.checkpointOf(7) }).last, COUNT)
  })
})
