import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { systemFileSystem } from '../../base/file-system.ts'
import { identityUnit } from '../mezd/identity/install-systemd.ts'
import { nodeUnit } from '../mezd/node/install-systemd.ts'
import { hubUnit } from '../mezhub/install-systemd.ts'
import type { ServiceSettings } from './install.ts'
import { formatUnit, unitPaths, unitWord } from './unit.ts'
import { isUnedited, signedUnit, writeUnit } from './write-unit.ts'

function settings(texts: Readonly<Record<string, string>> = {}): ServiceSettings {
  return { text: (key) => texts[key], path: (key) => texts[key] }
}

const BOT = { config: '/etc/mezite/identity.yaml', name: 'mezd-identity', user: undefined }
const PROGRAM = '/bin/true'

describe('units', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-units-'))
  })
  after(() => rm(directory, { recursive: true }))

  it('hold every path as systemd reads it back', async () => {
    const odd = '/srv/a b/100%/$HOME/"q"/\\x'
    const unit = formatUnit([
      {
        name: 'Service',
        lines: [
          ['ExecStart', `${PROGRAM} ${unitWord(odd)}`],
          ['ReadWritePaths', unitPaths(['/srv/a b/100%', '/tmp'])],
        ],
      },
    ])
    assert.match(unit, /^ExecStart=\/bin\/true "\/srv\/a b\/100%%\/\$\$HOME\/\\"q\\"\/\\\\x"$/m)
    assert.match(unit, /^ReadWritePaths="\/srv\/a b\/100%%" \/tmp$/m)
    const path = join(directory, 'odd.service')
    await writeFile(path, unit)
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
    assert.equal(stdout + stderr, '')
    assert.throws(() => formatUnit([{ name: 'Unit', lines: [['Description', 'a\nb']] }]))
  })

  it('give a service what its settings need, and nothing else', () => {
    const plain = formatUnit(identityUnit(BOT, PROGRAM, settings()))
    assert.match(plain, /^CapabilityBoundingSet=$/m)
    assert.match(plain, /^ProtectHome=yes$/m)
    assert.doesNotMatch(plain, /ReadWritePaths|^User=/m)

    const more = settings({
      destination: '/home/ci/certs',
      'state-dir': '/var/lib/mezite/identity/state',
      'reader-user': 'ci',
    })
    const reading = formatUnit(identityUnit(BOT, PROGRAM, more))
    assert.match(reading, /^CapabilityBoundingSet=CAP_CHOWN CAP_FOWNER$/m)
    assert.match(reading, /^ProtectHome=read-only$/m)
    assert.match(reading, /^ReadWritePaths=\/home\/ci\/certs$/m)
    const own = formatUnit(identityUnit({ ...BOT, user: 'ci' }, PROGRAM, more))
    assert.match(own, /^CapabilityBoundingSet=$/m)
    assert.match(own, /^User=ci$/m)

    const low = settings({ 'listen-addr': '0.0.0.0:443', 'data-dir': '/srv/hub' })
    const hub = formatUnit(hubUnit({ config: '/etc/hub.yaml', user: 'mezite' }, PROGRAM, low))
    assert.match(hub, /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m)
    assert.match(hub, /^ReadWritePaths=\/srv\/hub$/m)
    assert.doesNotMatch(hub, /StateDirectory/)
  })

  it('are not for an agent that runs an sshd itself', () => {
    const own = settings({ 'sshd-port': '2222' })
    assert.throws(() => nodeUnit({ config: '/etc/mezite/node.yaml' }, PROGRAM, own), {
      code: 'usage',
      hint: /sessions would be confined/,
    })
  })

  it('are written whole, and not over what a person has made of them', async () => {
    const name = 'x.service'
    const path = join(directory, name)
    const write = (unit: string, force = false) =>
      writeUnit({ fs: systemFileSystem, directory, name, unit, force })
    assert.equal(await write('[Unit]\n'), 'written')
    assert.equal(await readFile(path, 'utf8'), signedUnit('[Unit]\n'))
    assert.equal(await write('[Unit]\n'), 'unchanged')
    assert.equal(await write('[Service]\n'), 'replaced')
    await writeFile(path, `${signedUnit('[Service]\n')}# mine\n`)
    await assert.rejects(write('[Service]\n'), { code: 'file-exists', hint: /systemctl edit x/ })
    assert.equal(await write('[Service]\n', true), 'replaced')
    assert.ok(isUnedited(await readFile(path, 'utf8')))
    // How systemd masks a unit.
    await rm(path)
    await symlink('/dev/null', path)
    await assert.rejects(write('[Unit]\n'), { code: 'file-exists' })
    const nowhere = { fs: systemFileSystem, directory: join(directory, 'no'), name, unit: '' }
    await assert.rejects(writeUnit({ ...nowhere, force: true }), { code: 'file-unwritable' })
  })
})
