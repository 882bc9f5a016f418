import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { KEY_TYPES } from './key-type.ts'
import { encodeKnownHost, hostPattern, type KnownHost, parseKnownHost } from './known-hosts.ts'
import { publicKeyFrom } from './public-key.ts'
import { keyOf } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'

const entry = (changes: Partial<KnownHost> = {}): KnownHost => ({
  marker: 'cert-authority',
  patterns: ['*'],
  key: publicKeyFrom(keyOf('ssh-ed25519')),
  comment: '',
  ...changes,
})

describe('lines of known_hosts', () => {
  it('read back as they were written', () => {
    const pattern = fc.oneof(
      fc.stringMatching(/^!?[A-Za-z0-9._:%*?-]{1,30}$/),
      fc
        .tuple(fc.stringMatching(/^[A-Za-z0-9._:*?-]{1,30}$/), fc.integer({ min: 1, max: 65_535 }))
        .map(([host, port]) => `[${host}]:${port}`),
    )
    const entries = fc.record({
      marker: fc.constantFrom('cert-authority' as const, 'revoked' as const, undefined),
      patterns: fc.array(pattern, { minLength: 1, maxLength: 5 }),
      key: fc.constantFrom(...KEY_TYPES).map((type) => publicKeyFrom(keyOf(type))),
      comment: fc.stringMatching(/^([!-~]([ -~]*[!-~])?)?$/),
    })
    fc.assert(
      fc.property(entries, (each) => {
        const line = encodeKnownHost(each)
        assert.deepEqual(parseKnownHost(line), { ...each })
        assert.deepEqual(parseKnownHost(`${line}\n`), { ...each })
      }),
    )
  })

  it('let nothing in that would be another pattern or another line', () => {
    const patterns = ['a b', 'a,b', 'a\nb', '', '!', '!!a', '#a', '@revoked', '|1|a|b', 'é', 'a\0']
    for (const pattern of [...patterns, '[a]', '[a]:0', '[a]:65536', '[a]:022', '[a]:22x', 'a\n']) {
      assert.throws(() => encodeKnownHost(entry({ patterns: [pattern] })), { code: 'forbidden' })
    }
    assert.throws(() => encodeKnownHost(entry({ patterns: [] })), { code: 'forbidden' })
    assert.throws(() => encodeKnownHost(entry({ comment: 'a\nb' })), { code: 'forbidden' })
  })

  it('are not read in any other spelling', () => {
    const line = encodeKnownHost(entry())
    const hashed = line.replace('@cert-authority *', '|1|c2FsdA==|aGFzaA==')
    const bad = [hashed, ` ${line}`, line.replace('@c', '@C'), line.replace(' *', '  *'), '', '# a']
    for (const text of [...bad, line.replace('*', ''), `${line}\n\n`, `${line}\n${line}`]) {
      assert.throws(() => parseKnownHost(text), { code: 'malformed' }, JSON.stringify(text))
    }
  })

  it('name a host as ssh looks it up', () => {
    assert.equal(hostPattern('web-1'), 'web-1')
    assert.equal(hostPattern('2001:db8::1', 2222), '[2001:db8::1]:2222')
    for (const [host, port] of [['a b', 22] as const, ['a', 0] as const, ['a', 1.5] as const]) {
      assert.throws(() => hostPattern(host, port), { code: 'forbidden' })
    }
  })
})

describe('lines of known_hosts before ssh-keygen -F', () => {
  let ssh: OpenSsh
  before(async () => {
    ssh = await openSsh()
  })
  after(() => ssh.remove())

  const found = async (host: string) => {
    const { stdout } = await ssh.run('ssh-keygen', '-F', host, '-f', 'known_hosts')
    return stdout.split('\n').slice(0, -1)
  }

  it('are found under their names', async () => {
    const lines = [
      entry({
        patterns: ['*.example.com', '!bad.example.com', '[web-1]:2222'],
        comment: 'Host CA',
      }),
      entry({ marker: 'revoked', patterns: ['old-1'] }),
      entry({ marker: undefined, patterns: [hostPattern('2001:db8::1', 22)] }),
    ].map(encodeKnownHost)
    await ssh.write('known_hosts', `${lines.join('\n')}\n`)
    assert.deepEqual(await found('a.example.com'), [
      '# Host a.example.com found: line 1 CA',
      lines[0],
    ])
    assert.deepEqual((await found(hostPattern('web-1', 2222)))[1], lines[0])
    assert.deepEqual(await found('bad.example.com'), [])
    assert.deepEqual(await found('web-1'), [])
    assert.deepEqual(await found('old-1'), ['# Host old-1 found: line 2 REVOKED', lines[1]])
    assert.deepEqual((await found('2001:db8::1'))[1], lines[2])
  })

  for (const type of KEY_TYPES) {
    it(`hold keys of ${type}`, async () => {
      const line = encodeKnownHost(entry({ patterns: ['web-1'], key: publicKeyFrom(keyOf(type)) }))
      await ssh.write('known_hosts', `${line}\n`)
      assert.deepEqual((await found('web-1'))[1], line)
    })
  }
})
