import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { clientOptions, quotedPath } from './ssh-options.ts'

const DIRECTORY = '/srv/a "quoted" \\ path with %h, 100% and \'more\''

function settings(directory: string) {
  return {
    identity: {
      certificateName: `${directory}/ssh_key-cert.pub`,
      keyFile: `${directory}/ssh_key`,
      certificateFile: `${directory}/ssh_key-cert.pub`,
      knownHostsFile: `${directory}/known_hosts`,
      sshConfigFile: undefined,
    },
    block: undefined,
    options: [],
    knownHosts: ['/srv/more hosts'],
    sshConfig: undefined,
  }
}

/** What ssh itself makes of them, by its keywords in lower case. */
function resolved(parameters: readonly string[]): Map<string, string> {
  const { stdout, stderr, status } = spawnSync('ssh', ['-G', ...parameters, '--', 'web'], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return new Map(
    stdout
      .split('\n')
      // -G prints some paths with their tokens expanded, others as they are.
      .map((line) => line.replaceAll('%%', '%'))
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )
}

describe('the options of ssh', () => {
  it('limit it to the identity and to known hosts', () => {
    const values = resolved(clientOptions(settings('/srv/id')))
    assert.equal(values.get('identityfile'), '/srv/id/ssh_key')
    assert.equal(values.get('certificatefile'), '/srv/id/ssh_key-cert.pub')
    assert.equal(values.get('identitiesonly'), 'yes')
    assert.equal(values.get('identityagent'), 'none')
    assert.equal(values.get('stricthostkeychecking'), 'true')
    assert.equal(values.get('passwordauthentication'), 'no')
    assert.equal(values.get('kbdinteractiveauthentication'), 'no')
    assert.equal(values.get('preferredauthentications'), 'publickey')
  })

  it('leave a path as it is, whatever it holds', () => {
    const values = resolved(clientOptions(settings(DIRECTORY)))
    assert.equal(values.get('identityfile'), `${DIRECTORY}/ssh_key`)
    assert.equal(values.get('certificatefile'), `${DIRECTORY}/ssh_key-cert.pub`)
    const files = values.get('userknownhostsfile') ?? ''
    assert.ok(files.startsWith(`${DIRECTORY}/known_hosts /srv/more hosts `), files)
    assert.match(files, /\/\.ssh\/known_hosts$/)
  })

  it('know a node of the destination by the Host CA alone', () => {
    const block = { names: ['web'], logins: [], values: new Map([['port', '2222']]) }
    const values = resolved(clientOptions({ ...settings('/srv/id'), block, knownHosts: [] }))
    assert.equal(values.get('userknownhostsfile'), '/srv/id/known_hosts')
    assert.equal(values.get('port'), '2222')
  })

  it("give way to the caller's", () => {
    const options = ['StrictHostKeyChecking=no', 'Port=2222']
    const values = resolved(clientOptions({ ...settings('/srv/id'), options }))
    assert.equal(values.get('stricthostkeychecking'), 'false')
    assert.equal(values.get('port'), '2222')
  })

  it('refuse a path that ssh could not be told', () => {
    for (const path of ['/srv/$' + '{HOME}/ssh_key', '/srv/a\nb']) {
      assert.throws(() => quotedPath(path), { code: 'usage' })
    }
  })
})
