import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  encodeCertificateLine,
  parseCertificate,
  parseCertificateLine,
  verifyCertificate,
} from './certificate.ts'
import { SshFormatError } from './errors.ts'
import { issueCertificate } from './issue-certificate.ts'
import { KEY_TYPES } from './key-type.ts'
import { encodeKnownHost, parseKnownHost } from './known-hosts.ts'
import { encodeKrl, parseKrl } from './krl.ts'
import { encodePrivateKey, parsePrivateKey } from './private-key.ts'
import {
  encodePublicKeyLine,
  parsePublicKey,
  parsePublicKeyLine,
  toKeyObject,
} from './public-key.ts'
import { serialRanges } from './serial-range.ts'
import { createSshSigner, parseSignature } from './signature.ts'
import { keyOf, profileFor } from './testing/keys.ts'

/** A parser and something that it accepts. */
interface Format {
  readonly name: string
  readonly sample: Buffer
  /** Where it is whole without what follows: a comment, or a section. */
  readonly endsAt?: number
  readonly parse: (bytes: Buffer) => unknown
}

const text = (parse: (line: string) => unknown) => (bytes: Buffer) =>
  parse(bytes.toString('latin1'))

const formats: readonly Format[] = KEY_TYPES.flatMap((type) => {
  const signer = createSshSigner(keyOf(type))
  const { publicKey } = signer
  const profile = profileFor(publicKey, {
    criticalOptions: [{ name: 'force-command', value: 'x' }],
    extensions: [{ name: 'permit-pty', value: '' }],
  })
  const certificate = issueCertificate(profile, signer, Buffer.alloc(16, 3))
  const serials = serialRanges([1n, 5n, 6n, 7n])
  const revoked = { authority: publicKey, serials, keyIds: ['bot:a', 'bot:b'] }
  const krl = { version: 1n, generatedDate: 1n, comment: 'c', certificates: [revoked] }
  const host = { marker: 'revoked', patterns: ['[a]:22', '*.b'], key: publicKey } as const
  const known = encodeKnownHost({ ...host, comment: 'c' })
  const line = encodePublicKeyLine(publicKey, 'c')
  return [
    {
      name: `public key, ${type}`,
      sample: publicKey.blob,
      parse: (bytes) => toKeyObject(parsePublicKey(bytes)),
    },
    {
      name: `signature, ${type}`,
      sample: Buffer.from(signer.sign(Buffer.alloc(1))),
      parse: (bytes) => parseSignature(bytes, type),
    },
    { name: `certificate, ${type}`, sample: certificate.blob, parse: parseCertificate },
    {
      name: `KRL, ${type}`,
      sample: encodeKrl(krl),
      endsAt: encodeKrl({ ...krl, certificates: [] }).length,
      parse: parseKrl,
    },
    {
      name: `public key line, ${type}`,

      sample: Buffer.from(line),
      endsAt: line.length - 2,
      parse: text(parsePublicKeyLine),
    },
    {
      name: `certificate line, ${type}`,
      sample: Buffer.from(encodeCertificateLine(certificate)),
      parse: text(parseCertificateLine),
    },
    {
      name: `known_hosts line, ${type}`,

      sample: Buffer.from(known),
      endsAt: known.length - 2,
      parse: text(parseKnownHost),
    },
    {
      name: `private key file, ${type}`,
      sample: Buffer.from(encodePrivateKey(keyOf(type), 'c')),
      parse: text(parsePrivateKey),
    },
    {
      name: `private key, ${type}`,
      sample: unarmored(encodePrivateKey(keyOf(type), 'c')),
      parse: (bytes) => parsePrivateKey(armored(bytes)),
    },
  ] satisfies Format[]
})

function unarmored(file: string): Buffer {
  return Buffer.from(file.split('\n').slice(1, -2).join(''), 'base64')
}

function armored(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? []
  const name = 'OPENSSH PRIVATE KEY-----'
  return [`-----BEGIN ${name}`, ...lines, `-----END ${name}`, ''].join('\n')
}

/** The parsed value, or undefined for a typed refusal. Anything else that is thrown passes. */
function attempt({ parse }: Format, bytes: Buffer): unknown {
  try {
    return parse(bytes)
  } catch (error) {
    if (error instanceof SshFormatError) return undefined
    throw error
  }
}

/** Every bit of a small sample; of a large one every third, seventh, … so that all rows are hit. */
function* bitFlips(sample: Buffer): Generator<Buffer> {
  const step = [1, 3, 7, 11, 17].find((each) => (sample.length * 8) / each < 1000) ?? 23
  for (let bit = 0; bit < sample.length * 8; bit += step) {
    const flipped = Buffer.from(sample)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield flipped
  }
}

for (const format of formats) {
  const { name, sample, endsAt, parse } = format

  describe(`damaged ${name}`, () => {
    it('is accepted before it is damaged', () => {
      parse(sample)
    })

    it('is refused when cut, wherever', () => {
      for (let length = 0; length < sample.length; length++) {
        if (length === endsAt) continue
        const cut = sample.subarray(0, length)
        assert.equal(attempt(format, cut), undefined, `${length} of ${sample.length} bytes`)
      }
    })

    it('is refused with bytes behind it', () => {
      for (const excess of ['\0', '\nx', '\n\n', `\n${sample.toString('latin1')}`]) {
        const longer = Buffer.concat([sample, Buffer.from(excess, 'latin1')])
        assert.equal(attempt(format, longer), undefined)
      }
    })

    it('never crashes the parser by a flipped bit', () => {
      for (const flipped of bitFlips(sample)) attempt(format, flipped)
    })

    it('never makes it allocate what a length claims', () => {
      const before = process.memoryUsage().arrayBuffers
      for (let at = 0; at + 4 <= sample.length; at += sample.length > 200 ? 3 : 1) {
        for (const length of [0xffff_ffff, 0x7fff_ffff, sample.length]) {
          const hostile = Buffer.from(sample)
          hostile.writeUInt32BE(length, at)
          attempt(format, hostile)
        }
      }
      assert.ok(process.memoryUsage().arrayBuffers - before < 256 * 2 ** 20)
    })

    it('never crashes the parser by any bytes, or by pieces of it', () => {
      const piece = fc
        .tuple(fc.nat(sample.length), fc.nat(sample.length))
        .map(([from, to]) => sample.subarray(Math.min(from, to), Math.max(from, to)))
      const junk = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
      fc.assert(
        fc.property(fc.array(fc.oneof(piece, junk), { maxLength: 6 }), (pieces) => {
          attempt(format, Buffer.concat(pieces))
        }),
      )
    })
  })
}

describe('a flipped bit', () => {
  for (const type of KEY_TYPES) {
    it(`leaves no certificate that verifies: ${type}`, () => {
      const signer = createSshSigner(keyOf(type))
      const { blob } = issueCertificate(profileFor(signer.publicKey), signer, Buffer.alloc(16))
      for (const flipped of bitFlips(blob)) {
        assert.throws(() => {
          verifyCertificate(parseCertificate(flipped), signer.publicKey)
        }, SshFormatError)
      }
    })

    it(`leaves no other private key: ${type}`, () => {
      const key = keyOf(type)
      for (const flipped of bitFlips(unarmored(encodePrivateKey(key)))) {
        try {
          assert.ok(parsePrivateKey(armored(flipped)).privateKey.equals(key))
        } catch (error) {
          assert.ok(error instanceof SshFormatError, String(error))
        }
      }
    })
  }
})

describe('large input', () => {
  const size = 2 ** 20
  const repeated = [
    'a',
    ' ',
    '\n',
    '=',
    'a ',
    ' a',
    ',',
    'AAAA',
    '\u00a0',
    'a \u00a0',
    '*',
    '[a]:1,',
  ]

  it('takes the text parsers a time that grows with its length only', () => {
    for (const piece of repeated) {
      const filler = piece.repeat(size / piece.length)
      for (const line of [
        filler,
        `ssh-rsa AAAA ${filler}\n\n`,
        `${filler} x`,
        `@revoked ${filler}`,
      ]) {
        for (const parse of [parsePublicKeyLine, parseCertificateLine, parseKnownHost]) {
          assert.throws(() => parse(line), SshFormatError)
        }
      }
      assert.throws(() => parsePrivateKey(armored(Buffer.from(filler))), SshFormatError)
    }
  })
})
