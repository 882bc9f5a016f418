import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatPostgresAddress, parsePostgresUri } from './address.ts'
import { findPassword } from './password.ts'

const parse = (uri: string) => parsePostgresUri(uri, 'me')

describe('parsePostgresUri', () => {
  it('reads several hosts, names and addresses, and verifies TLS in full', () => {
    assert.deepEqual(parse('postgres://hub@one.example:6432,[::1],10.0.0.2/mezite?port=5433'), {
      hosts: [
        { host: 'one.example', port: 6432 },
        { host: '::1', port: 5433 },
        { host: '10.0.0.2', port: 5433 },
      ],
      database: 'mezite',
      user: 'hub',
      sslMode: 'verify-full',
      sslRootCert: undefined,
      sslCert: undefined,
      sslKey: undefined,
      passFile: undefined,
      connectTimeoutMs: 10_000,
    })
  })

  it('reads what libpq would of parameters and sockets', () => {
    const { hosts, user, database, sslMode, connectTimeoutMs } = parse(
      'postgresql://?host=/run/pg&dbname=a%26b&user=x%40y&sslmode=require&connect_timeout=9',
    )
    assert.deepEqual(hosts, [{ host: '/run/pg', port: 5432 }])
    assert.deepEqual([user, database, sslMode, connectTimeoutMs], ['x@y', 'a&b', 'require', 9_000])
    assert.deepEqual(parse('postgres:///db').hosts, [{ host: '/var/run/postgresql', port: 5432 }])
    assert.equal(parse('postgres://%2Frun%2Fpg:1/db').hosts[0]?.host, '/run/pg')
    assert.equal(parse('postgres://h/db').user, 'me')
    assert.equal(
      formatPostgresAddress(parse('postgres://%2Frun:1,[::1]/db')),
      'postgres://me@%2Frun:1,[::1]:5432/db',
    )
  })

  it('refuses a password wherever it stands, and repeats nothing of it', () => {
    for (const uri of [
      'postgres://hub:hunter2@h/db',
      'postgres://h/db?password=hunter2',
      'hunter2',
      'postgres://h/?dbname=&x=hunter2',
      'postgres://h/db?sslmode=hunter2',
    ]) {
      assert.throws(
        () => parse(uri),
        (error: Error & { code?: string; hint?: string }) =>
          error.code === 'unavailable' && !`${error.message} ${error.hint}`.includes('hunter2'),
        uri,
      )
    }
  })

  it('refuses what it does not know', () => {
    for (const uri of [
      'mysql://h/db',
      'postgres://h',
      'postgres://h:0/db',
      'postgres://h/db?sslmode=prefer',
      'postgres://h/db?connect_timeout=0',
      'postgres://h/%zz',
    ]) {
      assert.throws(() => parse(uri), { code: 'unavailable' }, uri)
    }
    assert.throws(() => parse('postgres://h/db?gssencmode=x'), /"gssencmode"/)
  })
})

describe('findPassword', () => {
  it('takes the first line that fits, as libpq does', () => {
    const file = [
      '# comment',
      'other:5432:db:me:no',
      'h:*:d\\:b:me:a\\:b\\\\c',
      '*:*:*:*:rest:of it',
    ].join('\n')
    const find = (host: string, database: string) =>
      findPassword(file, { database, user: 'me' }, { host, port: 5432 })
    assert.equal(find('h', 'd:b'), 'a:b\\c')
    assert.equal(find('h', 'db'), 'rest:of it')
    assert.equal(
      findPassword(
        'localhost:1:db:me:s',
        { database: 'db', user: 'me' },
        { host: '/run', port: 1 },
      ),
      's',
    )
    assert.equal(
      findPassword('h:1:db:me', { database: 'db', user: 'me' }, { host: 'h', port: 1 }),
      undefined,
    )
  })
})
