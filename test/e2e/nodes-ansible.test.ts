/** Ansible as it comes, over the files that a daemon keeps. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Account } from './harness/account.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import type { RunResult } from './harness/run.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'ansible', 'ansible-playbook')
requireRoot()

const HOSTS = ['web-1', 'web-2', 'db-1'] as const

describe('Ansible as a bot', () => {
  let fleet: Fleet
  let account: Account
  let bot: ManagedBot
  let directory: string

  before(async () => {
    fleet = await startFleet()
    account = fleet.account()
    await fleet.role('create', 'ansible', {
      allow: { node_labels: { managed: 'ansible' }, logins: [account.name] },
    })
    for (const name of HOSTS) await fleet.node({ name, labels: { managed: 'ansible' } })
    bot = await fleet.bot({ name: 'ansible', roles: ['ansible'] })
    await waitFor(() => bot.read('ssh_config').match(/^Host /gm)?.length === HOSTS.length, {
      what: 'all nodes in ssh_config',
    })
    directory = fleet.directory.join('playbooks')
    mkdirSync(directory)
    writeFileSync(`${directory}/inventory`, `[all]\n${HOSTS.join('\n')}\n`)
    const { stdout } = await bot.run([
      ...['mezd', 'identity', 'ansible-config', `--destination=${bot.destination}`],
    ])
    assert.match(stdout, /^\[ssh_connection\]\nssh_args = .*\nhost_key_checking = True\n$/)
    const defaults = `[defaults]\ninventory = inventory\nremote_user = ${account.name}\nforks = 3\ninterpreter_python = auto_silent\n`
    const sockets = `control_path_dir = ${directory}/sockets\n`
    writeFileSync(`${directory}/ansible.cfg`, `${defaults}\n${stdout}${sockets}`)
  })

  after(async () => {
    for (const name of HOSTS) await bot?.run(['ssh', '-O', 'exit', name]).catch(() => undefined)
    await fleet?.[Symbol.asyncDispose]()
  })

  function ansible(...words: readonly string[]): Promise<RunResult> {
    return bot.run(words, {
      cwd: directory,
      timeoutMs: 120_000,
      env: { ...bot.env, ANSIBLE_CONFIG: `${directory}/ansible.cfg`, ANSIBLE_NOCOLOR: '1' },
    })
  }

  it('pings every node', async () => {
    const { code, stdout, stderr } = await ansible('ansible', 'all', '-m', 'ping')
    assert.equal(code, 0, stdout + stderr)
    for (const name of HOSTS) assert.match(stdout, new RegExp(`^${name} \\| SUCCESS`, 'm'))
  })

  it('copies a file', async () => {
    writeFileSync(`${directory}/motd`, 'from ansible\n')
    const words = ['-m', 'copy', '-a', `src=motd dest=${account.home}/motd`]
    const { code, stdout, stderr } = await ansible('ansible', 'web-1', ...words)
    assert.equal(code, 0, stdout + stderr)
    assert.equal(readFileSync(`${account.home}/motd`, 'utf8'), 'from ansible\n')
  })

  it('runs a playbook over three nodes, with one connection each', async () => {
    const before = (await fleet.events('--type=session.start')).length
    writeFileSync(
      `${directory}/site.yaml`,
      `- hosts: all
  gather_facts: true
  tasks:
    - name: a template
      ansible.builtin.copy:
        content: "{{ inventory_hostname }} by {{ ansible_user_id }}\\n"
        dest: "{{ ansible_env.HOME }}/{{ inventory_hostname }}"
    - name: a command
      ansible.builtin.command: cat {{ ansible_env.HOME }}/{{ inventory_hostname }}
      register: shown
      changed_when: false
    - name: what it says
      ansible.builtin.assert:
        that: shown.stdout == inventory_hostname + ' by ${account.name}'
`,
    )
    const { code, stdout, stderr } = await ansible('ansible-playbook', 'site.yaml')
    assert.equal(code, 0, stdout + stderr)
    for (const name of HOSTS) {
      assert.match(stdout, new RegExp(`^${name} +: ok=4 +changed=1 +unreachable=0 +failed=0 `, 'm'))
      assert.equal(readFileSync(`${account.home}/${name}`, 'utf8'), `${name} by ${account.name}\n`)
    }
    // Ping and copy have opened the connections: the playbook shares them.
    const after = (await fleet.events('--type=session.start')).length
    assert.ok(after - before <= HOSTS.length, `${after - before} new connections`)
  })

  it('is cut off by a lock, and its connections with it', async () => {
    const lock = await fleet.lock('--bot=ansible')
    await fleet.waitForSessions(0)
    const refused = await ansible('ansible', 'all', '-m', 'ping')
    assert.notEqual(refused.code, 0)
    for (const name of HOSTS)
      assert.match(refused.stdout, new RegExp(`^${name} \\| UNREACHABLE`, 'm'))
    await fleet.unlock(lock)
    await waitFor(async () => (await ansible('ansible', 'all', '-m', 'ping')).code === 0, {
      what: 'the nodes to open again',
      timeoutMs: 60_000,
    })
    assert.ok(existsSync(`${directory}/sockets`))
  })
})
