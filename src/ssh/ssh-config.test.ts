import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { encodePrivateKey } from './private-key.ts'
import { encodeSshConfig, HOST_CERTIFICATE_ALGORITHMS, type SshConfigHost } from './ssh-config.ts'
import { keyOf } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'

let ssh: OpenSsh
before(async () => {
  ssh = await openSsh()
})
after(() => ssh.remove())

/** What ssh makes of the blocks for a host: the values of each keyword, in lower case. */
async function resolve(
  hosts: readonly SshConfigHost[],
  name: string,
): Promise<ReadonlyMap<string, string>> {
  await ssh.write('config', encodeSshConfig(hosts))
  const { status, stdout, stderr } = await ssh.run('ssh', '-G', '-F', 'config', name)
  assert.equal(status, 0, stderr)
  return new Map(
    stdout.split('\n').map((line) => {
      const [keyword = '', ...value] = line.split(' ')
      return [keyword, value.join(' ')] as const
    }),
  )
}

describe('ssh_config', () => {
  it('says to ssh what it was told', async () => {
    const hosts: readonly SshConfigHost[] = [
      { names: ['other'], hostName: '192.0.2.9', port: 9 },
      {
        names: ['web-1', 'web-1.example.com'],
        hostName: '2001:db8::1',
        port: 2222,
        user: 'deploy',
        hostKeyAlias: 'web-1',
        identityFile: '/var/lib/id/ssh_key',
        certificateFile: '/var/lib/id/ssh_key-cert.pub',
        userKnownHostsFile: '/var/lib/id/known_hosts',
        identitiesOnly: true,
        strictHostKeyChecking: true,
        hostKeyAlgorithms: HOST_CERTIFICATE_ALGORITHMS,
      },
    ]
    for (const name of ['web-1', 'web-1.example.com']) {
      const resolved = await resolve(hosts, name)
      const expected = {
        hostname: '2001:db8::1',
        port: '2222',
        user: 'deploy',
        hostkeyalias: 'web-1',
        identityfile: '/var/lib/id/ssh_key',
        certificatefile: '/var/lib/id/ssh_key-cert.pub',
        userknownhostsfile: '/var/lib/id/known_hosts',
        identitiesonly: 'yes',
        stricthostkeychecking: 'true',
        hostkeyalgorithms: HOST_CERTIFICATE_ALGORITHMS.join(','),
      }
      for (const [keyword, value] of Object.entries(expected)) {
        assert.equal(resolved.get(keyword), value, keyword)
      }
    }
    assert.equal((await resolve(hosts, 'other')).get('port'), '9')
    assert.equal((await resolve(hosts, 'another')).get('port'), '22')
  })

  const paths = ['a b', 'a"b', 'a\\b', 'a\\"b', 'a\\ b\\', 'a#b', '#', "a'b", '100%', 'a%hb', 'a$b']
  for (const name of [...paths, '~x', 'a=b', 'é', ' a ', '%%', '\\\\', '"', 'a,b', '*?!']) {
    it(`keeps a path with ${JSON.stringify(name)}`, async () => {
      // ssh expands percent signs here at once, so this is the value that it uses.
      const known = await resolve([{ names: ['h'], userKnownHostsFile: `/k/${name}` }], 'h')
      assert.equal(known.get('userknownhostsfile'), `/k/${name}`)

      // Identity files are expanded as ssh opens them, which its log tells.
      const file = await ssh.write(name, encodePrivateKey(keyOf('ssh-ed25519')))
      const hosts = [{ names: ['h'], identityFile: file, identitiesOnly: true }]
      await ssh.write('config', encodeSshConfig(hosts))
      const proxy = ['-o', 'ProxyCommand=false', '-o', 'BatchMode=yes']
      const { stderr } = await ssh.run('ssh', '-v', '-F', 'config', ...proxy, 'h')
      assert.match(stderr, /^debug1: identity file .* type \d+\r?$/m)
    })
  }

  it('doubles the percent sign of an address with a zone', async () => {
    const resolved = await resolve([{ names: ['h'], hostName: 'fe80::1%eth0' }], 'h')
    assert.equal(resolved.get('hostname'), 'fe80::1%eth0')
  })

  it('refuses what ssh would read as something else', () => {
    const refused: readonly Partial<SshConfigHost>[] = [
      { names: [] },
      ...['*', 'a*', '!a', 'a b', '-oProxyCommand', 'a\nb', '', 'a"', '%h'].map((name) => ({
        names: [name],
      })),
      ...['a b', '-x', 'a\nProxyCommand x', '', '"'].flatMap((value) => [
        { hostName: value },
        { user: value },
        { hostKeyAlias: value },
      ]),
      ...['relative', '~/x', '', '/a\nb', '/a\0b', '/a\rb', `/a/\${HOME}`, 'none'].flatMap(
        (value) => [
          { identityFile: value },
          { certificateFile: value },
          { userKnownHostsFile: value },
        ],
      ),
      ...[0, -1, 65_536, 1.5, Number.NaN].map((port) => ({ port })),
      { hostKeyAlgorithms: [] },
      { hostKeyAlgorithms: ['a,b'] },
      { hostKeyAlgorithms: ['*'] },
    ]
    for (const changes of refused) {
      const host = { names: ['h'], ...changes }
      assert.throws(() => encodeSshConfig([host]), { code: 'forbidden' }, JSON.stringify(changes))
    }
  })
})
