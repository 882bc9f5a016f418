/** `msh` between a caller and a real sshd: nothing of what passes is changed. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import {
  authorityLine,
  hostCertificateLine,
  now,
  publish,
} from '../../src/cli/msh/testing/destination.ts'
import { type Account, temporaryAccount } from './harness/account.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { commandLines } from './harness/processes.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { type RunOptions, type RunResult, run } from './harness/run.ts'
import { type Sshd, startSshd } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'scp', 'script')
requireRoot()

describe('msh ssh at a real sshd', () => {
  let account: Account
  let directory: TemporaryDirectory
  let sshd: Sshd

  before(async () => {
    account = temporaryAccount()
    directory = new TemporaryDirectory()
    publish(directory.path, 1, {
      validPrincipals: ['bot:ci', account.name],
      extensions: [{ name: 'permit-pty', value: '' }],
    })
    sshd = await startSshd({ userCas: [authorityLine] })
  })

  after(async () => {
    await sshd?.[Symbol.asyncDispose]()
    directory?.[Symbol.dispose]()
    account?.[Symbol.dispose]()
  })

  async function msh(parameters: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const [verb = '', ...rest] = parameters
    const port = verb === 'scp' ? '-P' : '-p'
    const words = [
      ...['msh', verb, `--identity=${directory.path}`, `--known-hosts=${sshd.knownHostsFile}`],
      ...[port, String(sshd.port), ...rest],
    ]
    return await run(words, options)
  }

  const ssh = (command: readonly string[], options?: RunOptions) =>
    msh(['ssh', `--login=${account.name}`, '127.0.0.1', '--', ...command], options)

  it('gives the exit status of the command', async () => {
    for (const status of [0, 7, 255]) {
      assert.equal((await ssh([`exit ${status}`])).code, status)
    }
  })

  it('carries standard input, exact binary output, and errors apart', async () => {
    const bytes = randomBytes(1024 * 1024)
    const result = await ssh(['cat; echo apart >&2'], { input: bytes })
    assert.equal(result.code, 0, result.stderr)
    assert.equal(sha256(result.stdoutBytes), sha256(bytes))
    assert.equal(result.stderr, 'apart\n')
  })

  it('asks for a terminal with -t, and has none without', async () => {
    const flags = ['ssh', '-t', `--login=${account.name}`, '127.0.0.1', 'tty']
    const terminal = await msh(flags, { pty: true })
    assert.equal(terminal.code, 0)
    assert.match(terminal.stdout, /^\/dev\/pts\/\d+\r\n/)
    const none = await ssh(['tty'])
    assert.equal(none.stdout, 'not a tty\n')
    assert.equal(none.code, 1)
  })

  it('opens a shell on the terminal of the caller', async () => {
    const result = await msh(['ssh', `--login=${account.name}`, '127.0.0.1'], {
      pty: true,
      input: 'echo $((40 + 2)); exit 3\n',
    })
    assert.match(result.stdout, /[\r\n ]42\r\n/)
    assert.equal(result.code, 3)
  })

  it('is gone once ssh runs, so that signals reach ssh', async () => {
    const marker = `sleep 86${process.pid}`
    const result = await ssh([`echo ready; exec ${marker}`], {
      signal: { when: /ready/, signal: 'SIGTERM' },
    })
    // ssh ends with 255 after SIGTERM; a process in between would have its own say.
    assert.deepEqual([result.code, result.signal], [255, null])
    assert.equal(result.stdout, 'ready\n')
  })

  it('has no process of its own left beside ssh', async () => {
    const running = ssh(['echo ready; cat'], { signal: { when: /ready/, signal: 'SIGTERM' } })
    const cmdline = await waitFor(
      () => commandLines().find((line) => line.includes(`IdentityFile="${directory.path}`)),
      { what: 'ssh to run' },
    )
    assert.match(cmdline, /^\S*\/ssh -F none /)
    assert.ok(
      !commandLines().some((line) => line.includes('msh/main.ts') && line.includes(directory.path)),
    )
    await running
  })

  it('lets sshd refuse a login that the certificate does not carry', async () => {
    const other = await msh(['ssh', '--login=nobody', '127.0.0.1', 'id'])
    assert.equal(other.code, 255)
    assert.match(other.stderr, /Permission denied \(publickey\)/)
    const only = await msh(['ssh', '127.0.0.1', 'id -un'])
    assert.equal(only.stdout, `${account.name}\n`, only.stderr)
  })

  it('copies files both ways', async () => {
    const bytes = randomBytes(100_000)
    writeFileSync(directory.join('a file'), bytes)
    const there = `${account.name}@127.0.0.1:copied`
    const put = await msh(['scp', '-q', directory.join('a file'), there])
    assert.equal(put.code, 0, put.stderr)
    const got = await msh(['scp', '-q', there, directory.join('back')])
    assert.equal(got.code, 0, got.stderr)
    assert.equal(sha256(readFileSync(directory.join('back'))), sha256(bytes))
  })

  it('refuses a host that it does not know', async () => {
    const strange = ['msh', 'ssh', `--identity=${directory.path}`, '-p', String(sshd.port)]
    const result = await run([...strange, '127.0.0.1', 'id'])
    assert.equal(result.code, 255)
    assert.match(result.stderr, /No .* host key is known/)
  })
})

describe('msh ssh at a node with a host certificate', () => {
  /** A node as a destination describes it. */
  async function enter(options: {
    readonly validBefore: bigint
    readonly plainKeyKnown: boolean
  }): Promise<RunResult> {
    using account = temporaryAccount()
    using directory = new TemporaryDirectory()
    await using sshd = await startSshd({
      userCas: [authorityLine],
      hostCertificate: (line) =>
        hostCertificateLine(line, {
          validPrincipals: ['127.0.0.1'],
          validAfter: now - 7200n,
          validBefore: options.validBefore,
        }),
    })
    publish(directory.path, 1, { validPrincipals: ['bot:ci', account.name] })
    writeFileSync(
      directory.join('.current', 'ssh_config'),
      `Host web-server-01\n  HostName 127.0.0.1\n  Port ${sshd.port}\n  HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com\n`,
    )
    writeFileSync(directory.join('.current', 'known_hosts'), `@cert-authority * ${authorityLine}\n`)
    return await run([
      ...['msh', 'ssh', `--identity=${directory.path}`],
      ...(options.plainKeyKnown ? [`--known-hosts=${sshd.knownHostsFile}`] : []),
      ...[`--login=${account.name}`, 'web-server-01', '--', 'echo entered'],
    ])
  }

  it('knows it by the Host CA', async () => {
    const result = await enter({ validBefore: now + 3600n, plainKeyKnown: false })
    assert.equal(result.stdout, 'entered\n', result.stderr)
  })

  it('refuses it when its certificate has expired', async () => {
    const result = await enter({ validBefore: now - 3600n, plainKeyKnown: false })
    assert.equal(result.code, 255)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, /Certificate invalid: expired/)
  })

  it('takes its plain key where the caller names that', async () => {
    const result = await enter({ validBefore: now - 3600n, plainKeyKnown: true })
    assert.equal(result.stdout, 'entered\n', result.stderr)
  })
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
