/** Each of a role's options, from the administrator's document to what sshd lets happen. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { OptionsSource } from '../../src/policy/testing/role-source.ts'
import type { Account } from './harness/account.ts'
import { textAt, valueAt } from './harness/cluster.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'scp', 'sftp', 'rsync')
requireRoot()

/** The options of one role decide about one login: each test has a login of its own. */
describe("a role's options", () => {
  let fleet: Fleet
  let node: ManagedNode
  let bot: ManagedBot
  const logins: Record<string, Account> = {}

  const OPTIONS: Readonly<Record<string, OptionsSource>> = {
    plain: {},
    forwarding: { port_forwarding: true },
    'no-copy': { file_copy: false },
    'no-pty': { pty: false },
    forced: { force_command: `printf '%s|' "forced" "$SSH_ORIGINAL_COMMAND"` },
    here: { source_cidrs: ['10.0.0.0/8', '127.0.0.0/8'] },
    elsewhere: { source_cidrs: ['10.0.0.0/8', '2001:db8::/32'] },
    short: { max_session_ttl: '2m' },
  }

  before(async () => {
    fleet = await startFleet()
    node = await fleet.node({ name: 'web-1', labels: { env: 'staging' } })
    for (const name of Object.keys(OPTIONS)) logins[name] = fleet.account()
    await fleet.roles(
      'create',
      Object.fromEntries(
        Object.entries(OPTIONS).map(([name, options]) => [name, roleOf(name, options)]),
      ),
    )
    // The shortest life counts for the certificate: that role is for another bot.
    const roles = Object.keys(OPTIONS).filter((name) => name !== 'short')
    bot = await fleet.oneShotBot({ name: 'ci', roles })
    await waitFor(() => node.principals(login('elsewhere').name).length > 0, { what: 'the grants' })
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  function login(name: string): Account {
    const account = logins[name]
    if (account === undefined) throw new Error(`no login for ${name}`)
    return account
  }

  function roleOf(name: string, options: OptionsSource) {
    return { options, allow: { node_labels: { env: 'staging' }, logins: [login(name).name] } }
  }

  const target = (name: string) => `${login(name).name}@web-1`

  /** What a connection through the node to its own sshd brings back. */
  async function forwarded(name: string): Promise<string> {
    const words = ['ssh', ...bot.sshFlags, '-W', `${node.address}:${node.port}`, target(name)]
    return (await bot.run(words)).stdout
  }

  it('port_forwarding: forwards where it is true only, in both directions', async () => {
    assert.match(await forwarded('forwarding'), /^SSH-2\.0/)
    assert.equal(await forwarded('plain'), '')
    const remote = (name: string) =>
      bot.ssh(target(name), 'true', '-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:9')
    assert.equal((await remote('forwarding')).code, 0)
    assert.equal((await remote('plain')).code, 255)
  })

  it('never forwards an agent or X11', async () => {
    const { stdout } = await bot.ssh(target('forwarding'), 'echo "[$SSH_AUTH_SOCK$DISPLAY]"', '-AX')
    assert.equal(stdout, '[]\n')
  })

  it('file_copy: false refuses scp, sftp and rsync, and lets commands run', async () => {
    const source = fleet.directory.join('source')
    writeFileSync(source, 'copied\n')
    const batch = fleet.directory.join('batch')
    writeFileSync(batch, `put ${source} by-sftp\n`)
    const flags = ['-F', bot.sshConfig, '-o', 'BatchMode=yes']
    const shell = `ssh ${flags.join(' ')}`
    const copies = (name: string) => ({
      'by-scp': ['scp', ...flags, source, `${target(name)}:by-scp`],
      'by-old-scp': ['scp', '-O', ...flags, source, `${target(name)}:by-old-scp`],
      'by-sftp': ['sftp', ...flags, '-b', batch, target(name)],
      'by-rsync': ['rsync', '-e', shell, source, `${target(name)}:by-rsync`],
    })
    for (const [file, words] of Object.entries(copies('no-copy'))) {
      assert.notEqual((await bot.run(words)).code, 0, file)
      assert.ok(!existsSync(`${login('no-copy').home}/${file}`), file)
    }
    for (const [file, words] of Object.entries(copies('plain'))) {
      const { code, stderr } = await bot.run(words)
      assert.equal(code, 0, `${file}: ${stderr}`)
      assert.equal(readFileSync(`${login('plain').home}/${file}`, 'utf8'), 'copied\n')
    }
    const executed = await bot.ssh(target('no-copy'), `printf '%s|' 'a "b"' $((1 + 1)); exit 7`)
    assert.deepEqual([executed.stdout, executed.code], ['a "b"|2|', 7])
  })

  it('pty: a terminal where it is not false only', async () => {
    assert.match((await bot.ssh(target('plain'), 'tty', '-tt')).stdout, /^\/dev\/pts\/\d+/)
    const refused = await bot.ssh(target('no-pty'), 'tty', '-tt')
    assert.doesNotMatch(refused.stdout, /\/dev\/pts/)
    assert.equal((await bot.ssh(target('no-pty'), 'echo in')).stdout, 'in\n')
  })

  it('force_command: runs in place of whatever is asked for, sftp too', async () => {
    assert.equal((await bot.ssh(target('forced'), 'id -un')).stdout, 'forced|id -un|')
    const shell = await bot.run(['ssh', ...bot.sshFlags, '-T', target('forced')], { input: 'id\n' })
    assert.equal(shell.stdout, 'forced||')
    const copied = await bot.run([
      'scp',
      '-F',
      bot.sshConfig,
      '/etc/hostname',
      `${target('forced')}:x`,
    ])
    assert.notEqual(copied.code, 0)
    assert.ok(!existsSync(`${login('forced').home}/x`))
  })

  it('source_cidrs: lets in from these networks only', async () => {
    assert.ok(await bot.enters(target('here')))
    const refused = await bot.ssh(target('elsewhere'), 'true')
    assert.equal(refused.code, 255)
    assert.match(refused.stderr, /Permission denied \(publickey\)/)
  })

  it('max_session_ttl: caps the life of the certificate, whatever is asked for', async () => {
    const capped = await fleet.oneShotBot({
      name: 'short',
      roles: ['plain', 'short'],
      flags: ['--certificate-ttl=1h'],
    })
    const certificate = valueAt(await capped.msh('ls'), 'valid_before')
    const from = valueAt(await capped.msh('ls'), 'valid_after')
    const seconds = (Date.parse(String(certificate)) - Date.parse(String(from))) / 1000
    assert.ok(seconds > 100 && seconds <= 180, `${from} to ${certificate}`)
    assert.ok(await capped.enters(target('short')))
  })

  it('are shown by access check and access ls as they are enforced', async () => {
    const check = async (name: string) =>
      await fleet.hub.json(`mezctl access check --bot=ci --node=web-1 --login=${login(name).name}`)
    assert.equal(valueAt(await check('forwarding'), 'options', 'port_forwarding'), true)
    assert.equal(valueAt(await check('no-copy'), 'options', 'file_copy'), false)
    assert.equal(valueAt(await check('no-pty'), 'options', 'pty'), false)
    assert.match(textAt(await check('forced'), 'options', 'force_command'), /forced/)
    assert.deepEqual(valueAt(await check('here'), 'options', 'source_cidrs'), [
      '10.0.0.0/8',
      '127.0.0.0/8',
    ])
  })

  it('follow an edit of the role, with the certificate that is out', async () => {
    assert.equal(await forwarded('plain'), '')
    await fleet.role('update', 'plain', roleOf('plain', { port_forwarding: true, pty: false }))
    await waitFor(async () => /^SSH-2\.0/.test(await forwarded('plain')), { what: 'forwarding' })
    const terminal = await bot.ssh(target('plain'), 'tty', '-tt')
    assert.doesNotMatch(terminal.stdout, /\/dev\/pts/)
  })
})
