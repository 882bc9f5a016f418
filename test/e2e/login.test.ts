/** From a join token to a login: with native ssh and with `msh`, at a real sshd. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Account, temporaryAccount } from './harness/account.ts'
import { type Cluster, startCluster } from './harness/cluster.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { type RunResult, run, runOk, testEnvironment } from './harness/run.ts'
import type { Sshd } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'ssh-keygen', 'script')
requireRoot()

describe('a pipeline that joins once', () => {
  let granted: Account
  let other: Account
  let cluster: Cluster
  let sshd: Sshd
  let certs: string
  let env: Record<string, string>

  before(async () => {
    granted = temporaryAccount()
    other = temporaryAccount()
    cluster = await startCluster({ logins: [granted.name] })
    sshd = await cluster.startSshd()
    certs = cluster.directory.join('certs')
    env = testEnvironment(cluster.directory.join('runner'))
    await runOk(await oneShot(certs), { env })
  })

  after(async () => {
    await sshd?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
    other?.[Symbol.dispose]()
    granted?.[Symbol.dispose]()
  })

  async function oneShot(destination: string, ...more: readonly string[]): Promise<string[]> {
    return [
      ...['mezd', 'identity', 'start', `--auth-server=${cluster.hub.address}`],
      ...[`--join-token=${await cluster.newToken()}`, `--destination=${destination}`],
      ...['--one-shot', ...more],
    ]
  }

  /** Native ssh as in the manual, told where the node is. */
  async function nativeSsh(
    login: string,
    command: string,
    destination = certs,
  ): Promise<RunResult> {
    return await run(
      [
        ...['ssh', '-i', `${destination}/ssh_key`],
        ...['-o', `CertificateFile=${destination}/ssh_key-cert.pub`],
        ...['-F', 'none', '-o', 'HostName=127.0.0.1', '-p', String(sshd.port)],
        ...['-o', `UserKnownHostsFile=${sshd.knownHostsFile}`],
        ...[`${login}@web-server-01`, command],
      ],
      { env },
    )
  }

  async function msh(...parameters: readonly string[]): Promise<RunResult> {
    return await run(
      [
        ...['msh', 'ssh', '-o', 'HostName=127.0.0.1', '-p', String(sshd.port)],
        ...[`--known-hosts=${sshd.knownHostsFile}`, ...parameters],
      ],
      { env },
    )
  }

  it('takes its flags with and without =', async () => {
    const destination = cluster.directory.join('apart')
    const words = (await oneShot(destination)).flatMap((word) => word.split('='))
    const result = await run(words, { env: testEnvironment(cluster.directory.join('elsewhere')) })
    assert.equal(result.code, 0, result.stderr)
    assert.ok(existsSync(`${destination}/ssh_key-cert.pub`))
  })

  it('finds the output files, with their modes', async () => {
    for (const [name, mode] of [
      ['ssh_key', 0o600],
      ['ssh_key.pub', 0o644],
      ['ssh_key-cert.pub', 0o644],
      ['known_hosts', 0o644],
      ['ssh_config', 0o644],
    ] as const) {
      const stats = statSync(`${certs}/${name}`)
      assert.ok(stats.isFile(), name)
      assert.equal((stats.mode & 0o777).toString(8), mode.toString(8), name)
    }
    assert.match(readFileSync(`${certs}/ssh_key`, 'utf8'), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/)
    assert.match(readFileSync(`${certs}/ssh_key.pub`, 'utf8'), /^ecdsa-sha2-nistp256 /)
    assert.match(readFileSync(`${certs}/known_hosts`, 'utf8'), /^@cert-authority \* \S+ \S+/)
  })

  it('has a certificate of the User CA for the logins of the role, for an hour at most', async () => {
    const { stdout } = await runOk(['ssh-keygen', '-L', '-f', `${certs}/ssh_key-cert.pub`])
    assert.match(stdout, /ecdsa-sha2-nistp256-cert-v01@openssh\.com user certificate/)
    const principals = /Principals:\s+([\s\S]*?)\s+Critical Options:/
      .exec(stdout)?.[1]
      ?.split(/\s+/)
    assert.deepEqual(principals?.toSorted(), [`bot:${cluster.bot}`, granted.name].toSorted())
    const [, from = '', to = ''] = /Valid: from (\S+) to (\S+)/.exec(stdout) ?? []
    const seconds = (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 1000
    assert.ok(seconds > 3600 - 60 && seconds <= 3600 + 60, `${from} to ${to}`)
  })

  it('keeps nothing renewable on disk', () => {
    assert.ok(!existsSync(`${certs}/.state`))
    const names = readdirSync(certs, { recursive: true }).map(String)
    assert.deepEqual(
      names.filter((name) => /identity|state|pending/.test(name)),
      [],
    )
  })

  it('enters with native ssh as a login of the role', async () => {
    const result = await nativeSsh(granted.name, 'id -un')
    assert.equal(result.stdout, `${granted.name}\n`, result.stderr)
    assert.equal(result.code, 0)
  })

  it('is refused as any other login, and as root', async () => {
    for (const login of [other.name, 'root']) {
      const result = await nativeSsh(login, 'id -un')
      assert.equal(result.code, 255, login)
      assert.equal(result.stdout, '')
      assert.match(result.stderr, /Permission denied \(publickey\)/)
    }
    assert.match(sshd.log, /Certificate invalid: name is not a listed principal/)
  })

  it('enters with msh, told the certificate and not', async () => {
    const told = await msh(
      `--cert=${certs}/ssh_key-cert.pub`,
      ...[`--login=${granted.name}`, 'web-server-01', '--', 'id', '-un'],
    )
    assert.equal(told.stdout, `${granted.name}\n`, told.stderr)
    // Another destination was published last by another user only.
    const found = await msh(`--login=${granted.name}`, 'web-server-01', '--', 'id', '-un')
    assert.equal(found.stdout, `${granted.name}\n`, found.stderr)
  })

  it('gets the status and the output of a command through msh', async () => {
    for (const status of [0, 7, 255]) {
      const result = await msh(`--login=${granted.name}`, 'web-server-01', '--', `exit ${status}`)
      assert.equal(result.code, status)
    }
    const bytes = randomBytes(1024 * 1024)
    writeFileSync(`${granted.home}/big`, bytes, { mode: 0o644 })
    const result = await msh(`--login=${granted.name}`, 'web-server-01', '--', 'cat', 'big')
    assert.ok(result.stdoutBytes.equals(bytes))
  })

  it('is refused with an expired certificate, by sshd and by msh', async () => {
    const destination = cluster.directory.join('short')
    const short = await oneShot(destination, '--certificate-ttl=5s')
    await runOk(short, { env: testEnvironment(cluster.directory.join('short-home')) })
    const entered = await nativeSsh(granted.name, 'true', destination)
    assert.equal(entered.code, 0, entered.stderr)
    await waitFor(async () => (await nativeSsh(granted.name, 'true', destination)).code === 255, {
      what: 'the certificate to expire',
      context: () => sshd.log,
    })
    assert.match(sshd.log, /Certificate invalid: expired/)
    const result = await msh(
      `--identity=${destination}`,
      `--login=${granted.name}`,
      'web-server-01',
    )
    assert.notEqual(result.code, 0)
    assert.match(result.stderr, /expired at \S+Z.*\nhint: /)
  })

  it('can not join twice with one token', async () => {
    const words = await oneShot(cluster.directory.join('first'))
    await runOk(words, { env: testEnvironment(cluster.directory.join('first-home')) })
    const again = words.map((word) => word.replace('/first', '/second'))
    const result = await run(again, { env: testEnvironment(cluster.directory.join('second-home')) })
    assert.equal(result.code, 3, result.stderr)
    assert.match(result.stderr, /^error: .*used.*\nhint: /m)
    assert.ok(!existsSync(cluster.directory.join('second', 'ssh_key')))
  })
})
