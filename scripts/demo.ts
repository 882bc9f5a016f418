/**
 * `npm run demo`: the main job of Mezite in less than a minute, with nothing left behind. A hub, a
 * role and a bot; a daemon that joins and renews; and logins at a real sshd.
 */
import { existsSync, rmdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { MINUTE, systemClock } from '../src/base/clock.ts'
import { messageOf } from '../src/base/errors.ts'
import { type Account, namedAccount, temporaryAccount } from '../test/e2e/harness/account.ts'
import { undoAtExit } from '../test/e2e/harness/cleanup.ts'
import { roleDocument } from '../test/e2e/harness/cluster.ts'
import { Daemon } from '../test/e2e/harness/daemon.ts'
import { TemporaryDirectory } from '../test/e2e/harness/directory.ts'
import { startHub } from '../test/e2e/harness/hub.ts'
import { RequirementError, requirePrograms } from '../test/e2e/harness/requirements.ts'
import type { RunResult } from '../test/e2e/harness/run.ts'
import { freePort, startSshd } from '../test/e2e/harness/sshd.ts'
import { Narrator } from './demo/narrator.ts'

const ROOT = userInfo().uid === 0
const PRIVILEGE_SEPARATION = '/run/sshd'

/** The accounts that the demonstration enters, or tries to. */
interface Accounts extends Disposable {
  readonly login: string
  readonly other: string
}

async function demonstrate(): Promise<void> {
  const started = systemClock.monotonic()
  requirePrograms('sshd', 'ssh', 'ssh-keygen', 'setpriv')
  leavePrivilegeSeparationAsItWas()
  using accounts = await makeAccounts()
  const { login, other } = accounts
  using directory = new TemporaryDirectory('mezite-demo-')

  const port = await freePort('127.0.0.1')
  const publicAddress = `--public-addr=127.0.0.1:${port}`
  await using hub = await startHub({ directory, port, flags: [publicAddress] })
  const tell = new Narrator(hub.env)

  tell.step('A hub, with the store that it brings')
  const data = directory.join('hub')
  const listen = `--listen-addr=${hub.address}`
  tell.command(['mezhub', 'start', `--data-dir=${data}`, listen, publicAddress])
  tell.output(hub.log)

  tell.step('A role: which nodes and which logins')
  if (!ROOT) tell.say(`without root there is one account to enter: your own, ${login}`)
  const role = directory.join('ci-deployer.yaml')
  writeFileSync(role, roleDocument({ logins: [login] }))
  await tell.runOk(['cat', role])
  await tell.runOk(['mezctl', 'roles', 'create', '--from-file', role])

  tell.step('A bot with that role, and the token with which it joins, once')
  const added = await tell.runOk(
    'mezctl bots add --name=github-deploy --roles=ci-deployer --token-ttl=1h'.split(' '),
  )
  const token = /tok-bot-[a-z2-7]+/.exec(added.stdout)?.[0] ?? ''

  tell.step("OpenSSH's own server, told to trust the User CA")
  const ca = await tell.runOk(['mezctl', 'ca', 'export', '--type=user'])
  const sshdDirectory = new TemporaryDirectory('mezite-demo-sshd-')
  await using sshd = await startSshd({ userCas: [ca.stdout], directory: sshdDirectory })
  tell.command(['/usr/sbin/sshd', '-D', '-f', `${sshd.directory}/sshd_config`])
  tell.output(`TrustedUserCAKeys ${sshd.directory}/user_ca.pub\n${sshd.log}`)

  tell.step('The daemon joins, and renews by itself')
  const destination = directory.join('certs')
  const flags = [
    `--auth-server=${hub.address}`,
    ...[`--join-token=${token}`, '--renewal-interval=2s', '--certificate-ttl=20s'],
  ]
  tell.command(['mezd', 'identity', 'start', ...flags, `--destination=${destination}`])
  await using daemon = new Daemon({ destination, env: hub.env, flags })
  const first = await daemon.waitForCertificate()
  const second = await daemon.waitForCertificate(first)
  tell.output(daemon.log)
  tell.good(`certificate ${first.serial} was replaced by ${second.serial}`)
  await tell.runOk(['ls', '-lL', '--time-style=+', destination])

  tell.step('A login with native ssh')
  const there = ['-o', 'HostName=127.0.0.1', '-p', String(sshd.port)]
  const nativeSsh = (user: string) => [
    ...['ssh', '-F', 'none', '-i', `${destination}/ssh_key`],
    ...['-o', `CertificateFile=${destination}/ssh_key-cert.pub`, ...there],
    ...['-o', `UserKnownHostsFile=${sshd.knownHostsFile}`],
    ...[`${user}@web-server-01`, 'echo "hello from $(id -un)"'],
  ]
  expectEntered(await tell.run(nativeSsh(login)), login)
  tell.good(`${login} is a login of the role`)

  tell.step('The same with msh, which finds the identity by itself')
  const msh = ['msh', 'ssh', ...there, `--known-hosts=${sshd.knownHostsFile}`]
  expectEntered(
    await tell.run([
      ...msh,
      `--login=${login}`,
      'web-server-01',
      '--',
      'echo "hello from $(id -un)"',
    ]),
    login,
  )
  await tell.runOk(['msh', 'ls'])

  tell.step('Logins that the role does not allow')
  expectRefused(await tell.run(nativeSsh('root')))
  tell.good('root is refused: the role denies it, so no certificate carries it')
  expectRefused(await tell.run(nativeSsh(other)))
  tell.good(`${other} is refused: the role does not name it`)

  tell.step('What the hub has recorded')
  await tell.runOk(['mezctl', 'bots', 'ls'])
  await tell.runOk(['mezctl', 'audit', 'ls', '--bot=github-deploy', '--limit=5'])

  const seconds = ((systemClock.monotonic() - started) / 1000).toFixed(1)
  process.stdout.write(`\nDone in ${seconds} s. What was made for this is being removed.\n`)
}

/** As root the manual's `deploy` and one more; else the user's own, and one that can't be entered. */
async function makeAccounts(): Promise<Accounts> {
  if (!ROOT) return { login: userInfo().username, other: 'nobody', [Symbol.dispose]() {} }
  const made: Account[] = [await namedAccount('deploy'), temporaryAccount()]
  const [login, other] = made.map(({ name }) => name)
  return {
    login: login ?? '',
    other: other ?? '',
    [Symbol.dispose]() {
      for (const account of made.toReversed()) account[Symbol.dispose]()
    },
  }
}

/** sshd needs the directory as root; where there was none, there is none afterwards. */
function leavePrivilegeSeparationAsItWas(): void {
  if (!ROOT || existsSync(PRIVILEGE_SEPARATION)) return
  undoAtExit(() => {
    if (existsSync(PRIVILEGE_SEPARATION)) rmdirSync(PRIVILEGE_SEPARATION)
  })
}

function expectEntered({ stdout, code }: RunResult, login: string): void {
  if (code === 0 && stdout === `hello from ${login}\n`) return
  throw new Error(`${login} should have been let in`)
}

function expectRefused({ stdout, code, stderr }: RunResult): void {
  if (code === 255 && stdout === '' && stderr.includes('Permission denied')) return
  throw new Error('this login should have been refused')
}

const watchdog = setTimeout(() => {
  process.stderr.write('error: the demonstration hangs\n')
  process.exit(1)
}, 3 * MINUTE)
try {
  await demonstrate()
} catch (error) {
  process.stderr.write(`\nerror: ${messageOf(error)}\n`)
  process.exitCode = error instanceof RequirementError ? 2 : 1
} finally {
  clearTimeout(watchdog)
}
