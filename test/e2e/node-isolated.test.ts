/**
 * The whole machine's own paths: /etc/ssh, PAM's service for sshd, sshd as the package starts it. In
 * a mount namespace of its own, in which copies stand in their places.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { temporaryAccount } from './harness/account.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { runOk } from './harness/run.ts'
import { freePort } from './harness/sshd.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

it("sshd's own configuration and PAM service become a node's and are put back", async () => {
  using account = temporaryAccount()
  using directory = new TemporaryDirectory()
  const port = await freePort('127.0.0.1')
  const script = `
    set -e
    mount --make-rprivate /
    cp -a /etc/ssh ${directory.path}/ssh && cp -a /etc/pam.d ${directory.path}/pam.d
    mount --bind ${directory.path}/ssh /etc/ssh && mount --bind ${directory.path}/pam.d /etc/pam.d
    mkdir ${directory.path}/run
    rm -rf /etc/ssh/mezite /etc/ssh/sshd_config.d/10-mezite.conf
    ssh-keygen -A >/dev/null
    printf 'Port ${port}\\nListenAddress 127.0.0.1\\nPidFile none\\n' >/etc/ssh/sshd_config.d/05-test.conf
    exec ${process.execPath} ${import.meta.dirname}/node-isolated-agent.ts \
      ${directory.path} ${port} ${account.name}
  `
  const { stdout } = await runOk(['unshare', '-m', 'sh', '-c', script])
  assert.deepEqual(JSON.parse(stdout), {
    login: 'in\n',
    events: ['start', 'end'],
    pamWithHook: true,
    pamAsBefore: true,
    filesAsBefore: true,
  })
})
