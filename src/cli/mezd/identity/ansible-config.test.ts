import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runInTest } from '../../testing/run-in-test.ts'
import { mezd } from '../program.ts'

const run = (...flags: readonly string[]) =>
  runInTest(mezd, ['identity', 'ansible-config', ...flags], { uid: 0, cwd: '/srv' })

describe('mezd identity ansible-config', () => {
  it('prints three lines for ansible.cfg', async () => {
    const { code, stdout } = await run('--destination=certs')
    assert.equal(code, 0)
    assert.equal(
      stdout,
      `[ssh_connection]
ssh_args = -F /srv/certs/ssh_config -o ControlMaster=auto -o ControlPersist=60s
host_key_checking = True
`,
    )
  })

  it("is about this user's destination by default", async () => {
    assert.match((await run()).stdout, / -F \/var\/lib\/mezite\/identity\/certs\/ssh_config /)
  })

  it('quotes a path for Ansible, or refuses one that it can not be told', async () => {
    assert.match((await run("--destination=/a b's")).stdout, / -F '\/a b'\\''s\/ssh_config' /)
    const { code, stdout } = await run('--destination=/a ;b')
    assert.deepEqual([code, stdout], [2, ''])
  })

  it('has the same as JSON', async () => {
    const { stdout } = await run('--destination=/c', '--format=json')
    assert.deepEqual(JSON.parse(stdout), {
      ssh_connection: {
        ssh_args: '-F /c/ssh_config -o ControlMaster=auto -o ControlPersist=60s',
        host_key_checking: true,
      },
    })
  })
})
