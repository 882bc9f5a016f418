import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { now, publish, TestDirectory } from './testing/destination.ts'
import { fakePrograms, PRINT_PARAMETERS, runMsh } from './testing/run-msh.ts'

/** A destination with one generation, and programs that print their parameters. */
function prepare(directory: string, changes: Parameters<typeof publish>[2] = {}) {
  publish(directory, 1, changes)
  return {
    cert: `--cert=${join(directory, 'ssh_key-cert.pub')}`,
    generation: realpathSync(join(directory, '.current')),
    env: { PATH: fakePrograms(directory, PRINT_PARAMETERS) },
  }
}

describe('msh ssh', () => {
  it('becomes ssh with the files of one generation', () => {
    using directory = new TestDirectory()
    const { cert, generation, env } = prepare(directory.path)
    const result = runMsh(['ssh', cert, '--login=deploy', 'host.example.com'], { env })
    assert.equal(result.code, 0, result.stderr)
    const lines = result.stdout.trimEnd().split('\n')
    assert.equal(lines[0], join(directory.path, 'programs', 'ssh'))
    assert.ok(lines.includes(`IdentityFile="${generation}/ssh_key"`), result.stdout)
    assert.ok(lines.includes(`CertificateFile="${generation}/ssh_key-cert.pub"`))
    assert.deepEqual(lines.slice(-4), ['-l', 'deploy', '--', 'host.example.com'])
    assert.equal(result.stderr, '')
  })

  it('knows the nodes of the destination', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    const web = runMsh(['ssh', cert, 'deploy@web-server-01'], { env }).stdout.split('\n')
    assert.ok(web.includes('HostName=192.0.2.7') && web.includes('Port=2222'))
    assert.ok(web.includes('HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com'))
    const db = runMsh(['ssh', cert, 'db-01'], { env }).stdout
    assert.match(db, /\n-l\nbackup\n--\ndb-01\n$/)
  })

  it('takes the only login of a certificate, and leaves a choice to ssh', () => {
    using several = new TestDirectory()
    using one = new TestDirectory()
    const choice = prepare(several.path)
    const only = prepare(one.path, { validPrincipals: ['bot:github-deploy', 'deploy'] })
    assert.doesNotMatch(runMsh(['ssh', choice.cert, 'h'], choice).stdout, /\n-l\n/)
    assert.match(runMsh(['ssh', only.cert, 'h'], only).stdout, /\n-l\ndeploy\n/)
  })

  it('hands the command over, word by word', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    const command = ['-x', 'a b', '--', "'"]
    const result = runMsh(['ssh', cert, 'h', '--', ...command], { env })
    assert.deepEqual(result.stdout.trimEnd().split('\n').slice(-6), ['--', 'h', ...command])
    const bare = runMsh(['ssh', cert, 'h', 'ls', '-la'], { env })
    assert.deepEqual(bare.stdout.trimEnd().split('\n').slice(-4), ['--', 'h', 'ls', '-la'])
  })

  it('hands flags over, each with its value', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    const flags = ['-p', '2200', '-tt', '-N', '-L', '80:[::1]:80', '-L', '81:h:81', '-D', '1080']
    const result = runMsh(['ssh', cert, ...flags, '-o', 'Ciphers=a,b', 'h'], { env })
    const text = result.stdout.split('\n').join(' ')
    assert.match(text, / -o Ciphers=a,b -o IdentityFile=/)
    assert.match(text, / -t -t -N -p 2200 -L 80:\[::1\]:80 -L 81:h:81 -D 1080 -- h $/)
  })

  it('takes nothing for a flag that stands after the host', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    const result = runMsh(['ssh', cert, 'h', '--login=deploy'], { env })
    assert.equal(result.code, 2)
    assert.match(result.stderr, /^error: --login=deploy stands after HOST\nhint: put flags before/)
  })

  it('passes standard input and exit status through', () => {
    using directory = new TestDirectory()
    publish(directory.path, 1)
    const env = { PATH: fakePrograms(directory.path, 'cat; echo apart >&2; exit 42') }
    const parameters = ['ssh', `--identity=${directory.path}`, 'h']
    assert.deepEqual(runMsh(parameters, { env, input: 'piped' }), {
      code: 42,
      stdout: 'piped',
      stderr: 'apart\n',
    })
  })

  it('finds the identity by --cert, --identity, MEZITE_IDENTITY and what was published', () => {
    using first = new TestDirectory()
    using second = new TestDirectory()
    using third = new TestDirectory()
    using fourth = new TestDirectory()
    const states = join(fourth.path, 'states')
    mkdirSync(join(states, 'mezite'), { recursive: true, mode: 0o700 })
    writeFileSync(join(states, 'mezite', 'last-destination'), `${fourth.path}\n`, { mode: 0o600 })
    const { env, cert } = prepare(first.path)
    publish(second.path, 1)
    publish(third.path, 1)
    publish(fourth.path, 1)
    const used = (parameters: readonly string[], variables: Record<string, string>) =>
      /IdentityFile="(.*)\/\.generations\/1\/ssh_key"/.exec(
        runMsh(['ssh', ...parameters, 'h'], { env: { ...env, ...variables } }).stdout,
      )?.[1]
    const recorded = { XDG_STATE_HOME: states }
    const variable = { ...recorded, MEZITE_IDENTITY: third.path }
    assert.equal(used([cert, `--identity=${second.path}`], variable), realpathSync(first.path))
    assert.equal(used([`--identity=${second.path}`], variable), realpathSync(second.path))
    assert.equal(used([], variable), realpathSync(third.path))
    assert.equal(used([], recorded), realpathSync(fourth.path))
  })

  it('follows what was published last', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    publish(directory.path, 2)
    assert.deepEqual(readdirSync(join(directory.path, '.generations')), ['1', '2'])
    assert.match(runMsh(['ssh', cert, 'h'], { env }).stdout, /\.generations\/2\/ssh_key"/)
  })

  it('uses a certificate that stands alone', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    rmSync(join(directory.path, '.current'))
    for (const name of readdirSync(directory.path).filter((it) => it.startsWith('ssh_'))) {
      rmSync(join(directory.path, name))
      const source = join(directory.path, '.generations', '1', name)
      if (name !== 'ssh_config') writeFileSync(join(directory.path, name), readText(source))
    }
    const { stdout } = runMsh(['ssh', cert, 'h'], { env })
    assert.ok(stdout.includes(`IdentityFile="${directory.path}/ssh_key"\n`), stdout)
    assert.ok(stdout.includes('UserKnownHostsFile=~/.ssh/known_hosts\n'), stdout)
  })
})

describe('msh ssh refuses before it connects', () => {
  const refused = (directory: string, parameters: readonly string[], code: number) => {
    const env = { PATH: `${directory}/programs:/usr/bin:/bin` }
    const result = runMsh(['ssh', ...parameters], { env })
    assert.equal(result.stdout, '')
    assert.equal(result.code, code, result.stderr)
    return result.stderr
  }

  it('an expired certificate, and names the time', () => {
    using directory = new TestDirectory()
    const { cert } = prepare(directory.path, { validAfter: now - 9000n, validBefore: now - 3600n })
    const text = refused(directory.path, [cert, 'h'], 7)
    assert.match(
      text,
      /^error: the certificate .* expired at 20..-..-..T..:..:..Z, 1h\w* ago\nhint:/,
    )
  })

  it('one that is not valid yet', () => {
    using directory = new TestDirectory()
    const { cert } = prepare(directory.path, { validAfter: now + 3600n, validBefore: now + 7200n })
    assert.match(
      refused(directory.path, [cert, 'h'], 7),
      /valid from .* only.*\nhint: set .* clock/,
    )
  })

  it("a missing certificate, a missing key, a host's certificate, and none at all", () => {
    using directory = new TestDirectory()
    const { cert, generation } = prepare(directory.path, { type: 'host' })
    assert.match(refused(directory.path, [cert, 'h'], 7), /is a host's certificate/)
    const missing = `--identity=${join(directory.path, 'nowhere')}`
    assert.match(
      refused(directory.path, [missing, 'h'], 4),
      /nowhere\/ssh_key-cert\.pub is not there/,
    )
    writeFileSync(join(generation, 'ssh_key-cert.pub'), 'ssh-rsa AAAA\n')
    assert.match(refused(directory.path, [cert, 'h'], 7), /is not an SSH certificate/)
    publish(directory.path, 2)
    rmSync(join(directory.path, '.generations', '2', 'ssh_key'))
    assert.match(refused(directory.path, [cert, 'h'], 4), /\/ssh_key is not there/)
    assert.match(
      refused(directory.path, ['h'], 4),
      /^error: no identity: .*\nhint: name one with --cert/,
    )
  })

  it('the name of a key in place of its certificate', () => {
    using directory = new TestDirectory()
    prepare(directory.path)
    const key = `--cert=${join(directory.path, 'ssh_key')}`
    assert.match(refused(directory.path, [key, 'h'], 2), /is not the name of a certificate\nhint:/)
  })

  it('a host or a login that is an option', () => {
    using directory = new TestDirectory()
    const { cert } = prepare(directory.path)
    assert.match(refused(directory.path, [cert, '--', '-oProxyCommand=id'], 2), /name of a host/)
    assert.match(refused(directory.path, [cert, '--login=-oX', 'h'], 2), /can't be a login/)
    assert.match(refused(directory.path, [cert], 2), /^error: .*\nhint: /)
  })
})

describe('msh scp', () => {
  it('becomes scp, with the login in front of the host', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    const result = runMsh(
      ['scp', cert, '--login=deploy', '-r', '-P', '22', 'a', '-', 'web-server-01:/srv/a:b'],
      { env },
    )
    assert.equal(result.code, 0, result.stderr)
    const lines = result.stdout.trimEnd().split('\n')
    assert.equal(lines[0], join(directory.path, 'programs', 'scp'))
    assert.deepEqual(lines.slice(1, 3), ['-S', join(directory.path, 'programs', 'ssh')])
    assert.ok(lines.includes('HostName=192.0.2.7'))
    assert.deepEqual(lines.slice(-7), [
      ...['-P', '22', '-r', '--', 'a', '-'],
      'deploy@web-server-01:/srv/a:b',
    ])
  })

  it('reads an address in brackets, and a local path with a colon', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    const { stdout } = runMsh(['scp', cert, './a:b', 'deploy@[fe80::1]:x'], { env })
    assert.deepEqual(stdout.trimEnd().split('\n').slice(-2), ['./a:b', 'deploy@[fe80::1]:x'])
  })

  it('refuses what it can not do', () => {
    using directory = new TestDirectory()
    const { cert, env } = prepare(directory.path)
    for (const operands of [
      [],
      ['a'],
      ['a', 'b'],
      ['a:x', 'b:y'],
      ['scp://h/x', '.'],
      ['--', '-o:x', 'b'],
    ]) {
      const result = runMsh(['scp', cert, ...operands], { env })
      assert.equal(result.code, 2, operands.join(' '))
      assert.match(result.stderr, /^error: .+\nhint: .+\n$/)
    }
  })
})

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}
