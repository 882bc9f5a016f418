import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeCertificateLine } from './certificate.ts'
import { issueCertificate } from './issue-certificate.ts'
import { KEY_TYPES } from './key-type.ts'
import { encodeKrl, type Krl, parseKrl, type RevokedCertificates } from './krl.ts'
import { encodePublicKeyLine, fingerprint, publicKeyFrom } from './public-key.ts'
import { mergeRanges, serialRanges } from './serial-range.ts'
import { createSshSigner } from './signature.ts'
import { keyOf, profileFor } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'
import { SshWriter } from './wire.ts'

const SERIAL_MAX = 2n ** 64n - 1n
const signer = createSshSigner(keyOf('ssh-ed25519'))
const authority = signer.publicKey

function krlOf(...certificates: readonly RevokedCertificates[]): Krl {
  return { version: 3n, generatedDate: 1_774_360_800n, comment: 'mezite', certificates }
}

const revoking = (...serials: readonly bigint[]): RevokedCertificates => ({
  authority,
  serials: serialRanges(serials),
  keyIds: [],
})

describe('ranges of serials', () => {
  const serial = fc.bigInt({ min: 1n, max: 40n })

  it('hold exactly the serials that went in, and neither touch nor overlap', () => {
    const ranges = fc.array(fc.tuple(serial, fc.bigInt({ min: 0n, max: 5n })))
    fc.assert(
      fc.property(ranges, (pairs) => {
        const given = pairs.map(([first, length]) => ({ first, last: first + length }))
        const merged = mergeRanges(given)
        const holds = (list: typeof merged, n: bigint) =>
          list.some(({ first, last }) => first <= n && n <= last)
        for (let n = 0n; n < 50n; n++) assert.equal(holds(merged, n), holds(given, n))
        merged.forEach(({ first }, index) => {
          const previous = merged[index - 1]
          assert.ok(previous === undefined || previous.last + 1n < first)
        })
      }),
    )
  })

  it('refuse serial 0 and what is no range', () => {
    for (const serials of [[0n], [1n, -1n], [SERIAL_MAX + 1n]]) {
      assert.throws(() => serialRanges(serials), { code: 'forbidden' })
    }
    assert.throws(() => mergeRanges([{ first: 0n, last: 5n }]), { code: 'forbidden' })
    assert.throws(() => mergeRanges([{ first: 6n, last: 5n }]), { code: 'forbidden' })
    assert.deepEqual(mergeRanges([{ first: 1n, last: SERIAL_MAX }]).length, 1)
  })
})

describe('KRLs', () => {
  it('read back as the shortest equal list', () => {
    const serial = fc.oneof(
      fc.bigInt({ min: 1n, max: 30n }),
      fc.bigInt({ min: 1n, max: SERIAL_MAX }),
      fc.constant(SERIAL_MAX),
    )
    const keyId = fc.stringMatching(/^[A-Za-z0-9._:/@+-]{1,20}$/)
    fc.assert(
      fc.property(fc.array(serial), fc.array(keyId), (serials, keyIds) => {
        const first = { authority, serials: serialRanges(serials), keyIds }
        const second = { authority: undefined, serials: [], keyIds: ['bot:x'] }
        const read = parseKrl(encodeKrl(krlOf(first, second)))
        const sorted = { ...first, keyIds: [...new Set(keyIds)].sort() }
        const empty = serials.length === 0 && keyIds.length === 0
        assert.deepEqual(read, krlOf(...(empty ? [second] : [sorted, second])))
      }),
    )
  })

  it('do not depend on the order in which things were revoked', () => {
    const one = krlOf({ ...revoking(9n, 1n, 2n, 3n), keyIds: ['b', 'a', 'b'] })
    const other = krlOf({ ...revoking(3n, 2n, 1n, 9n), keyIds: ['a', 'b'] })
    assert.deepEqual(encodeKrl(one), encodeKrl(other))
  })

  it('write each serial once, in the shorter of two ways', () => {
    const size = (...serials: readonly bigint[]) =>
      encodeKrl(krlOf(revoking(...serials))).length - encodeKrl(krlOf(revoking(1n))).length
    assert.equal(size(1n, 2n), 8)
    assert.equal(size(1n, 2n, 3n), 8, 'a range takes as much as two in a list')
    assert.equal(size(...Array.from({ length: 1000 }, (_, index) => BigInt(index + 1))), 8)
    assert.equal(size(1n, 2n, 3n, 9n), 8 + 13)
  })

  it('refuse what sshd would not load, or load as something else', () => {
    for (const bad of [
      krlOf({ authority, serials: [{ first: 0n, last: 3n }], keyIds: [] }),
      krlOf({ authority, serials: [], keyIds: ['a\0b'] }),
      krlOf({ authority, serials: [], keyIds: [''] }),
      krlOf(revoking(1n), revoking(2n)),
      { ...krlOf(), version: -1n },
      { ...krlOf(), version: SERIAL_MAX + 1n },
      { ...krlOf(), generatedDate: SERIAL_MAX + 1n },
      { ...krlOf(), comment: 'a\nb' },
    ]) {
      assert.throws(() => encodeKrl(bad), { code: 'forbidden' })
    }
  })

  it('are not read when anything in them is unknown', () => {
    const header = encodeKrl(krlOf())
    const extension = new SshWriter().raw(header).byte(255).string('').bytes()
    assert.throws(() => parseKrl(extension), { code: 'unsupported' })
    const empty = new SshWriter().raw(header).byte(1)
    empty.nested(() => empty.string('').string('').byte(0x20).string(''))
    assert.throws(() => parseKrl(empty.bytes()), { code: 'malformed' })
    const other = Buffer.from(header)
    other[11] = 2
    assert.throws(() => parseKrl(other), { code: 'unsupported' })
    assert.throws(() => parseKrl(Buffer.from('ssh-ed25519 AAAA')), { code: 'malformed' })
    assert.throws(() => parseKrl(Buffer.alloc(0)), { code: 'truncated' })
  })
})

describe('KRLs before ssh-keygen', () => {
  let ssh: OpenSsh
  before(async () => {
    ssh = await openSsh()
    await ssh.write('ca.pub', encodePublicKeyLine(authority))
  })
  after(() => ssh.remove())

  /** Which of the files ssh-keygen calls revoked. */
  async function revokedBy(krl: string, files: readonly string[]): Promise<readonly string[]> {
    const { stdout, stderr } = await ssh.run('ssh-keygen', '-Q', '-f', krl, ...files)
    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, files.length, stderr)
    return files.filter((_, index) => lines[index]?.endsWith(': REVOKED'))
  }

  async function certificateFile(serial: bigint, keyId: string, by = signer): Promise<string> {
    const profile = profileFor(publicKeyFrom(keyOf('ssh-ed25519')), { serial, keyId })
    const name = `${serial}-${keyId}-${by.publicKey.type}-cert.pub`
    await ssh.write(name, encodeCertificateLine(issueCertificate(profile, by, Buffer.alloc(16))))
    return name
  }

  it('revoke what they name, as those of ssh-keygen do', async () => {
    const serials = [1n, 2n, 5n, 6n, 7n, 8n, 1000n, SERIAL_MAX]
    const revoked = new Set([1n, 5n, 6n, 7n, SERIAL_MAX])
    const files = await Promise.all(serials.map((serial) => certificateFile(serial, 'a')))
    const named = await certificateFile(77n, 'named')
    const foreign = await certificateFile(5n, 'a', createSshSigner(keyOf('ecdsa-sha2-nistp256')))
    const all = [...files, named, foreign]

    const ours = krlOf({ ...revoking(...revoked), keyIds: ['named'] })
    await ssh.write('ours.krl', encodeKrl(ours))
    const lines = ['serial: 1', 'serial: 5-7', `serial: ${SERIAL_MAX}`, 'id: named']
    await ssh.write('spec', `${lines.join('\n')}\n`)
    await ssh.keygen('-q', '-k', '-f', 'theirs.krl', '-s', 'ca.pub', '-z', '3', 'spec')

    const expected = all.filter((_, index) => revoked.has(serials[index] ?? 0n) || index === 8)
    assert.deepEqual(await revokedBy('ours.krl', all), expected)
    assert.deepEqual(await revokedBy('theirs.krl', all), expected)
    const list = async (krl: string) =>
      (await ssh.keygen('-Q', '-l', '-f', krl)).replace(/^# (Generated|Comment).*\n+/gm, '')
    assert.equal(await list('ours.krl'), await list('theirs.krl'))
  })

  it('revoke of every kind of authority, and nothing when empty', async () => {
    for (const type of KEY_TYPES) {
      const by = createSshSigner(keyOf(type))
      const file = await certificateFile(4n, 'a', by)
      const revoked = { ...revoking(4n), authority: by.publicKey }
      await ssh.write('kind.krl', encodeKrl(krlOf(revoked)))
      await ssh.write('empty.krl', encodeKrl(krlOf({ ...revoked, serials: [] })))
      assert.deepEqual(await revokedBy('kind.krl', [file]), [file])
      assert.deepEqual(await revokedBy('empty.krl', [file]), [])
      const listed = await ssh.keygen('-Q', '-l', '-f', 'kind.krl')
      assert.ok(listed.includes(fingerprint(by.publicKey)), listed)
      assert.match(listed, /# KRL version 3\n# Generated at 20260324T140000\n# Comment: mezite/)
    }
  })

  it('revoke by key ID for every authority', async () => {
    const file = await certificateFile(4n, 'bot-1')
    await ssh.write(
      'any.krl',
      encodeKrl(krlOf({ authority: undefined, serials: [], keyIds: ['bot-1'] })),
    )
    assert.deepEqual(await revokedBy('any.krl', [file]), [file])
  })

  it('hold tens of thousands of serials', async () => {
    const odd = Array.from({ length: 20_000 }, (_, index) => 2n * BigInt(index) + 1n)
    await ssh.write('large.krl', encodeKrl(krlOf(revoking(...odd))))
    const files = [await certificateFile(20_001n, 'a'), await certificateFile(20_002n, 'a')]
    assert.deepEqual(await revokedBy('large.krl', files), files.slice(0, 1))
  })

  it('are read here when ssh-keygen wrote them as ranges and lists', async () => {
    await ssh.write('spec', 'serial: 1-1000000\nserial: 5000000000\nid: an id\n')
    await ssh.keygen('-q', '-k', '-f', 'theirs.krl', '-s', 'ca.pub', '-z', '9', 'spec')
    const krl = parseKrl(await ssh.read('theirs.krl'))
    assert.equal(krl.version, 9n)
    assert.deepEqual(krl.certificates, [
      {
        authority,
        serials: [
          { first: 1n, last: 1_000_000n },
          { first: 5_000_000_000n, last: 5_000_000_000n },
        ],
        keyIds: ['an id'],
      },
    ])
  })
})
