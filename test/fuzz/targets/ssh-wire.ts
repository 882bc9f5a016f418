import assert from 'node:assert/strict'
import { SshFormatError } from '../../../src/ssh/errors.ts'
import { SshReader, SshWriter } from '../../../src/ssh/wire.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { sshMutation } from '../engine/tree.ts'

type Step = (reader: SshReader, writer: SshWriter) => void

const STEPS: readonly Step[] = [
  (reader, writer) => writer.byte(reader.byte()),
  (reader, writer) => writer.uint32(reader.uint32()),
  (reader, writer) => writer.uint64(reader.uint64()),
  (reader, writer) => writer.string(reader.string()),
  (reader, writer) => writer.string(reader.text()),
  (reader, writer) => writer.mpint(reader.mpint()),
  (reader, writer) => writer.raw(reader.raw(3)),
  (reader, writer) => {
    const inner = reader.nested()
    writer.nested(() => {
      while (!inner.done) writer.mpint(inner.mpint())
      inner.end()
    })
  },
]

const MOST_STEPS = 8

/**
 * The first byte says how many steps there are, the next ones which, the rest is read. What was read
 * is written back as it was: each value has one form.
 */
export const sshWire: FuzzTarget = {
  name: 'ssh-wire',
  largest: 4_096,
  words: [Buffer.of(0, 0, 0, 1), Buffer.alloc(4), Buffer.of(0, 0, 0, 2, 0, 0xff)],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(sshMutation)],
  seeds: async () => {
    const writer = new SshWriter()
    writer.byte(8).raw(Buffer.of(0, 1, 2, 3, 4, 5, 6, 7))
    writer.byte(1).uint32(2).uint64(3n).string('four').string('fünf').mpint(Buffer.of(0x86))
    writer.raw(Buffer.of(7, 7, 7)).nested(() => writer.mpint(Buffer.of(8)).mpint(Buffer.alloc(0)))
    return [writer.bytes()]
  },
  run(input) {
    const count = Math.min(input[0] ?? 0, MOST_STEPS, Math.max(0, input.length - 1))
    const data = input.subarray(1 + count)
    const reader = new SshReader(data, 'input')
    const writer = new SshWriter(1)
    const read = unlessRefused(() => {
      for (const step of input.subarray(1, 1 + count)) {
        STEPS[step % STEPS.length]?.(reader, writer)
      }
      return reader.offset
    }, SshFormatError)
    if (read === undefined) return 'refused'
    assert.deepEqual(writer.bytes(), data.subarray(0, read))
    return 'accepted'
  },
}
