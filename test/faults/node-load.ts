/** An agent that has more to write than it can, until it is killed. Parameters: directory, port, login. */
import { systemClock } from '../../src/base/clock.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene } from '../fakes/node-scene.ts'

const [directory = '', port = '', login = ''] = process.argv.slice(2)
const scene = new NodeScene(directory, Number(port))
scene.parameters = {
  ...scene.parameters,
  ownSshd: undefined,
  stateDirectory: `${directory}/state-${process.pid}`,
  pamDirectory: `${directory}/pam.d`,
}
const names = Array.from({ length: 300 }, (_, index) => `bot:b${index}`)
scene.hub.principals = names
scene.hub.grants = [plainGrant(login), plainGrant('other')]
const agent = scene.start()
agent.ended.catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
let serial = 1n
for (let count = 0; ; count++) {
  await systemClock.sleep(1)
  if (agent.record.applied.length === 1) process.stdout.write('ready\n')
  const removed = [names[count % names.length] ?? '']
  const added = [names[(count + 7) % names.length] ?? '']
  serial += 3n
  scene.hub.send({ memberships: [{ group: 'g1', added, removed }], revoked: [serial] })
}
