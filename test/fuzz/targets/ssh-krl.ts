import assert from 'node:assert/strict'
import { SshFormatError } from '../../../src/ssh/errors.ts'
import { encodeKrl, parseKrl } from '../../../src/ssh/krl.ts'
import { publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { serialRanges } from '../../../src/ssh/serial-range.ts'
import { keyOf } from '../../../src/ssh/testing/keys.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { sshMutation } from '../engine/tree.ts'

export const krl: FuzzTarget = {
  name: 'ssh-krl',
  largest: 4_096,
  words: [[1], [0x20], [0x21], [0x23], [0, 0, 0, 8], [0, 0, 0, 16], Array(8).fill(0xff)].map(
    Buffer.from,
  ),
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(sshMutation)],
  seeds: async () => {
    const authority = publicKeyFrom(keyOf('ssh-ed25519'))
    const serials = serialRanges([1n, 5n, 6n, 7n, 8n, 2n ** 64n - 1n])
    const head = { version: 1n, generatedDate: 1n, comment: 'c' }
    return [
      encodeKrl({ ...head, certificates: [] }),
      encodeKrl({ ...head, certificates: [{ authority, serials, keyIds: ['bot:a', 'bot:b'] }] }),
      encodeKrl({
        ...head,
        certificates: [
          { authority: undefined, serials, keyIds: [] },
          { authority, serials: [], keyIds: ['b'] },
        ],
      }),
    ]
  },
  run(input) {
    const read = unlessRefused(() => parseKrl(input), SshFormatError)
    if (read === undefined) return 'refused'
    // A key ID of another's, or an authority of whom nothing is revoked, isn't written by us.
    const written = unlessRefused(() => encodeKrl(read), SshFormatError)
    if (written === undefined) return 'accepted'
    assert.ok(
      written.length <= input.length + 64,
      'what is written is no longer than what was read',
    )
    const certificates = read.certificates.filter(
      ({ serials, keyIds }) => serials.length + keyIds.length > 0,
    )
    assert.deepEqual(parseKrl(written), { ...read, certificates })
    assert.deepEqual(encodeKrl(parseKrl(written)), written)
    return 'accepted'
  },
}
