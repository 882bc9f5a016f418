/** An agent on the default paths, what it did there as JSON. Parameters: directory, port, login. */
import { readdirSync, readFileSync } from 'node:fs'
import { leaveNode } from '../../src/node/leave.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene } from '../fakes/node-scene.ts'
import { startChild } from './harness/child.ts'
import { Client } from './harness/client.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { waitFor } from './harness/wait.ts'

const [path = '', port = '', login = ''] = process.argv.slice(2)
using directory = new TemporaryDirectory()
const pam = () => readFileSync('/etc/pam.d/sshd', 'utf8')
const files = () => readdirSync('/etc/ssh', { recursive: true }).sort().join()
const before = { pam: pam(), files: files() }

await using sshd = startChild(['/usr/sbin/sshd', '-D', '-e'], {
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
})
await sshd.waitForStderr(/Server listening/)
const scene = new NodeScene(path, Number(port))
scene.parameters = { ...scene.parameters, ownSshd: undefined, sshdDirectory: '/etc/ssh' }
scene.hub.grants = [plainGrant(login)]
const { hub, parameters } = scene
const agent = scene.start()
const client = new Client({
  ...{ directory, name: 'bot', port: Number(port), hostCa: hub.hostCa },
  certify: (key) => hub.issueUser(key).line,
})
const result = await waitFor(
  async () => {
    const it = await client.ssh(login, 'echo in')
    return it.code === 0 && it
  },
  { what: 'a login', context: () => sshd.stderr + JSON.stringify(agent.record.warnings) },
)
await waitFor(() => hub.events.length >= 2, { what: 'both events' })
const pamWithHook = pam().includes('/etc/ssh/mezite/session-hook')
await agent.stop()
await leaveNode({
  ports: scene.ports(),
  parameters,
  signal: AbortSignal.timeout(60_000),
  force: false,
})
const told = {
  login: result.stdout,
  events: hub.events.map(({ kind }) => kind),
  pamWithHook,
  pamAsBefore: pam() === before.pam,
  filesAsBefore: files() === before.files,
}
process.stdout.write(JSON.stringify(told))
