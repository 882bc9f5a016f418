import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findHostBlock, hostBlockOptions, loginsAt, parseHostBlocks } from './host-block.ts'

const TEXT = `# Nodes that bot ci may enter. mezd writes this file anew at every renewal.

# Logins: deploy, monitor
Host web-server-01 web
  HostName 192.0.2.7
  Port 2222
  IdentityFile "/srv/a b/ssh_key"
  HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com

Host db-01
  HostName db.example.com
  User backup
`

describe("the destination's ssh_config", () => {
  const blocks = parseHostBlocks(TEXT)

  it('gives each node by any of its names', () => {
    assert.deepEqual(findHostBlock(blocks, 'web'), findHostBlock(blocks, 'web-server-01'))
    assert.equal(findHostBlock(blocks, 'db-01')?.values.get('hostname'), 'db.example.com')
    assert.equal(findHostBlock(blocks, 'web-server'), undefined)
  })

  it('says where a node is, and leaves the files to the one who knows the generation', () => {
    assert.deepEqual(hostBlockOptions(findHostBlock(blocks, 'web')), [
      'HostName=192.0.2.7',
      'Port=2222',
      'HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com',
    ])
    assert.deepEqual(hostBlockOptions(undefined), [])
  })

  it('names the logins, one or several', () => {
    assert.deepEqual(blocks.map(loginsAt), [['deploy', 'monitor'], ['backup']])
  })
})
