import assert from 'node:assert/strict'
import {
  findHostBlock,
  hostBlockOptions,
  loginsAt,
  parseHostBlocks,
} from '../../../src/cli/msh/host-block.ts'
import { SshFormatError } from '../../../src/ssh/errors.ts'
import { encodeKnownHost, type KnownHost, parseKnownHost } from '../../../src/ssh/known-hosts.ts'
import { publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { encodeSshConfig, HOST_CERTIFICATE_ALGORITHMS } from '../../../src/ssh/ssh-config.ts'
import { keyOf } from '../../../src/ssh/testing/keys.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'

export const knownHosts: FuzzTarget = {
  name: 'known-hosts',
  largest: 8_192,
  words: ['@cert-authority ', '@revoked ', '*', '!', '[a]:22', ',', '|1|', '::1', '%eth0', '65535'],
  mutations: TEXT_MUTATIONS,
  seeds: async () => {
    const key = publicKeyFrom(keyOf('ssh-ed25519'))
    const entries: readonly KnownHost[] = [
      { marker: undefined, patterns: ['host'], key, comment: '' },
      { marker: 'revoked', patterns: ['[a]:22', '*.b', '!c'], key, comment: 'c' },
      { marker: 'cert-authority', patterns: ['*', '2001:db8::1'], key, comment: 'a b' },
    ]
    return entries.map((entry) => Buffer.from(encodeKnownHost(entry)))
  },
  run(input) {
    const line = textOf(input)
    const read = unlessRefused(() => parseKnownHost(line), SshFormatError)
    if (read === undefined) return 'refused'
    assert.equal(encodeKnownHost(read), line.replace(/\n$/, ''))
    return 'accepted'
  },
}

/** What msh makes of a destination's ssh_config. */
export const sshConfig: FuzzTarget = {
  name: 'ssh-config',
  largest: 16_384,
  words: [
    'Host ',
    '  HostName ',
    '  Port ',
    '  User ',
    '# Logins: ',
    '  HostKeyAlias ',
    'ProxyCommand',
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () => {
    const block = encodeSshConfig([
      {
        ...{ names: ['web-1', 'web'], hostName: '192.0.2.1', port: 22, user: 'deploy' },
        ...{ identityFile: '/a b/key', strictHostKeyChecking: true },
        hostKeyAlgorithms: HOST_CERTIFICATE_ALGORITHMS,
      },
    ])
    return [Buffer.from(`# Logins: a, b\n${block}\n${block}`)]
  },
  run(input) {
    const text = textOf(input)
    const blocks = parseHostBlocks(text)
    assert.ok(blocks.length <= text.split('\n').length)
    for (const block of blocks) {
      const [name = ''] = block.names
      assert.ok(!/\s/.test(name))
      // The first block of a name speaks for it, as with ssh.
      assert.equal(
        findHostBlock(blocks, name),
        blocks.find(({ names }) => names.includes(name)),
      )
      const options = hostBlockOptions(block)
      assert.ok(options.every((it) => /^(HostName|Port|HostKeyAlias|HostKeyAlgorithms)=./.test(it)))
      assert.ok(![...options, ...loginsAt(block)].some((it) => it.includes('\n')))
    }
    return blocks.length > 0 ? 'accepted' : 'refused'
  },
}
