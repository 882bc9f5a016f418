/** A node that closes by itself when it is out of touch, and opens again. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Clock, MINUTE, systemClock } from '../../src/base/clock.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene } from '../fakes/node-scene.ts'
import { temporaryAccount } from './harness/account.ts'
import { Client } from './harness/client.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { freePort } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

it('lines written in strict mode end, and come back when the hub does', async () => {
  using account = temporaryAccount()
  using directory = new TemporaryDirectory()
  const port = await freePort('127.0.0.1')
  // The agent lives some minutes ago, so that what it writes has ended for sshd.
  let ago = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() - ago }
  const scene = new NodeScene(directory.path, port, clock)
  scene.parameters = { ...scene.parameters, strictMs: 10 * MINUTE }
  scene.hub.grants = [plainGrant(account.name)]
  const client = new Client({
    ...{ directory, name: 'bot', port, hostCa: scene.hub.hostCa },
    certify: (key) => scene.hub.issueUser(key).line,
  })
  const enters = async () => (await client.ssh(account.name, 'true')).code === 0
  await using agent = scene.start()
  await waitFor(enters, { what: 'the first login' })
  assert.match(await scene.file('principals', account.name), /^restrict,pty,expiry-time="\d{12}Z" /)

  ago = 11 * MINUTE
  scene.hub.breakStreams()
  await waitFor(() => agent.record.connections.length >= 3, { what: 'the hub to be back' })
  assert.equal(await enters(), false)

  ago = 0
  scene.hub.breakStreams()
  await waitFor(() => agent.record.connections.length >= 5, { what: 'the hub to be back' })
  assert.equal(await enters(), true)
})
