/** The commands of the manual, each as it is printed there, with its output. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Account, namedAccount } from './harness/account.ts'
import { roleDocument } from './harness/cluster.ts'
import { Daemon } from './harness/daemon.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { type Hub, startHub } from './harness/hub.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run, runOk, testEnvironment } from './harness/run.ts'
import { freePort, type Sshd, startSshd } from './harness/sshd.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const TIME = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z'
const TOKEN = 'tok-bot-[a-z2-7]+'

describe("the manual's commands", () => {
  let directory: TemporaryDirectory
  let hub: Hub
  let deploy: Account
  let sshd: Sshd
  /** The host that runs the pipeline. */
  let env: Record<string, string>

  before(async () => {
    directory = new TemporaryDirectory()
    deploy = await namedAccount('deploy')
    const port = await freePort('127.0.0.1')
    hub = await startHub({ directory, port, flags: [`--public-addr=127.0.0.1:${port}`] })
    sshd = await startSshd({ userCas: [await hub.runOk('mezctl ca export --type=user')] })
    env = testEnvironment(directory.join('runner'))
  })

  after(async () => {
    await sshd?.[Symbol.asyncDispose]()
    await hub?.[Symbol.asyncDispose]()
    deploy?.[Symbol.dispose]()
    directory?.[Symbol.dispose]()
  })

  async function newToken(): Promise<string> {
    const printed = await hub.runOk('mezctl bots rotate-token github-deploy')
    return new RegExp(TOKEN).exec(printed)?.[0] ?? ''
  }

  /** How a test tells ssh and msh that `web-server-01` is the sshd here. */
  const there = () =>
    `-o HostName=127.0.0.1 -o Port=${sshd.port} -o UserKnownHostsFile=${sshd.knownHostsFile}`

  it('step 1: create a bot role', async () => {
    const file = directory.join('ci-deployer.yaml')
    writeFileSync(file, roleDocument({ logins: ['deploy'] }))
    const printed = await hub.runOk(`mezctl roles create --from-file ${file}`)
    assert.equal(printed, 'Role created: ci-deployer\n')
  })

  it('step 2: create the bot identity', async () => {
    const printed = await hub.runOk(
      'mezctl bots add --name=github-deploy --roles=ci-deployer --token-ttl=1h',
    )
    assert.match(
      printed,
      new RegExp(
        [
          '^Bot created: github-deploy \\(roles: ci-deployer\\)',
          `Join token: (${TOKEN}) \\(expires: ${TIME}\\)`,
          '',
          'Use this token with mezd identity:',
          `mezd identity start --auth-server=${hub.address} --join-token=\\1\\n$`,
        ].join('\\n'),
      ),
    )
  })

  it('step 2: the command that it prints joins', async () => {
    const printed = await hub.runOk('mezctl bots rotate-token github-deploy')
    const command = printed.trimEnd().split('\n').at(-1)
    const destination = directory.join('printed')
    await runOk(`${command} --destination=${destination} --one-shot`, { env })
    assert.ok(existsSync(`${destination}/ssh_key-cert.pub`))
  })

  it('managing bots: ls, show', async () => {
    const list = await hub.runOk('mezctl bots ls')
    assert.match(list, /^NAME +ROLES .*\ngithub-deploy +ci-deployer /)
    const shown = await hub.runOk('mezctl bots show github-deploy')
    assert.match(shown, /^Bot: +github-deploy\n/)
    assert.match(shown, /\nRoles: +ci-deployer\n/)
    assert.match(shown, /\nPrincipals: +.*deploy/)
    assert.doesNotMatch(shown, new RegExp(TOKEN), 'a token is shown once only')
  })

  it('managing bots: rotate-token invalidates the old one', async () => {
    const old = await newToken()
    const printed = await hub.runOk('mezctl bots rotate-token github-deploy')
    assert.match(printed, new RegExp(`\\nJoin token: ${TOKEN} \\(expires: ${TIME}\\)\\n`))
    assert.ok(!printed.includes(old))
    const result = await run(
      `mezd identity start --auth-server=${hub.address} --join-token=${old} --destination=${directory.join('old')} --one-shot`,
      { env },
    )
    assert.equal(result.code, 3, result.stderr)
    assert.ok(!existsSync(directory.join('old', 'ssh_key')))
  })

  it('the daemon, with its four parameters', async () => {
    const destination = directory.join('identity', 'certs')
    await using daemon = new Daemon({
      destination,
      env: testEnvironment(directory.join('monitor')),
      flags: [
        `--auth-server=${hub.address}`,
        `--join-token=${await newToken()}`,
        '--renewal-interval=30m',
      ],
    })
    await daemon.waitForCertificate()
    const native = await run(
      `ssh -i ${destination}/ssh_key \\
        -o CertificateFile=${destination}/ssh_key-cert.pub \\
        -F none ${there()} deploy@web-server-01 id -un`,
      { env },
    )
    assert.equal(native.stdout, 'deploy\n', native.stderr)
    const msh = await run(
      `msh ssh --cert=${destination}/ssh_key-cert.pub \\
        ${there()} \\
        --login=deploy web-server-01 id -un`,
      { env },
    )
    assert.equal(msh.stdout, 'deploy\n', msh.stderr)
    assert.equal((await daemon.stop()).code, 0)
  })

  it('a configuration file in place of the flags', async () => {
    const destination = directory.join('configured')
    const file = directory.join('mezd.yaml')
    writeFileSync(
      file,
      `auth-server: ${hub.address}\njoin-token: ${await newToken()}\ndestination: ${destination}\none-shot: true\n`,
    )
    await runOk(`mezd identity start --config=${file}`, { env })
    assert.ok(existsSync(`${destination}/ssh_key-cert.pub`))
  })

  it('a renewal interval that is not shorter than the certificate is refused', async () => {
    const result = await run(
      `mezd identity start --auth-server=${hub.address} --join-token=${await newToken()} --destination=${directory.join('slow')} --renewal-interval=2h`,
      { env },
    )
    assert.notEqual(result.code, 0)
    assert.match(result.stderr, /2h[\s\S]*1h/)
  })

  it('the pipeline: bootstrap certificates, then deploy via SSH', async () => {
    const script = `${deploy.home}/deploy.sh`
    writeFileSync(script, '#!/bin/sh\necho "deployed by $(id -un)"\n')
    chmodSync(script, 0o755)
    try {
      const bootstrap = await run(
        `mezd identity start \\
          --auth-server=${hub.address} \\
          --join-token=${await newToken()} \\
          --destination=${directory.join('mezite-certs')} \\
          --one-shot`,
        { env },
      )
      assert.equal(bootstrap.code, 0, bootstrap.stderr)
      const result = await run(`msh ssh ${there()} --login=deploy web-server-01 -- ./deploy.sh`, {
        env,
      })
      assert.equal(result.stdout, 'deployed by deploy\n', result.stderr)
      const denied = await run(`msh ssh ${there()} --login=root web-server-01 -- ./deploy.sh`, {
        env,
      })
      assert.equal(denied.code, 255)
      assert.match(denied.stderr, /Permission denied/)
    } finally {
      if (!deploy.made) await runOk(['rm', '-f', script])
    }
  })

  it('managing bots: rm', async () => {
    const printed = await hub.runOk('mezctl bots rm github-deploy')
    assert.match(printed, /^Bot removed: github-deploy/)
    const gone = await hub.run('mezctl bots show github-deploy')
    assert.equal(gone.code, 4)
    assert.match(gone.stderr, /^error: .*github-deploy.*\n/)
  })
})
