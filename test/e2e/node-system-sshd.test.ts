/** The machine's own sshd becomes a node's, and is its administrator's again. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { leaveNode } from '../../src/node/leave.ts'
import { readNodeStatus } from '../../src/node/status.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene } from '../fakes/node-scene.ts'
import { type Account, temporaryAccount } from './harness/account.ts'
import { Client } from './harness/client.ts'
import { Machine } from './harness/own-machine.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

function sceneOf(machine: Machine): NodeScene {
  const scene = new NodeScene(machine.directory.path, machine.port)
  const { sshdDirectory, pamDirectory } = machine
  scene.parameters = { ...scene.parameters, ownSshd: undefined, sshdDirectory, pamDirectory }
  return scene
}

const ALWAYS = { signal: new AbortController().signal, force: false }

describe("the machine's sshd", () => {
  let account: Account
  before(() => {
    account = temporaryAccount()
  })
  after(() => account?.[Symbol.dispose]())

  function clientOf(machine: Machine, scene: NodeScene): Client {
    const { directory, port } = machine
    return new Client({
      ...{ directory, name: 'bot', port, hostCa: scene.hub.hostCa },
      certify: (key) => scene.hub.issueUser(key).line,
    })
  }

  it('lets bots in, and the administrator as before; after leaving all is as it was', async () => {
    await using machine = await Machine.open(['UsePAM yes'])
    await machine.startSshd()
    const before = machine.contents()
    const scene = sceneOf(machine)
    const { parameters } = scene
    scene.hub.grants = [plainGrant(account.name)]
    const client = clientOf(machine, scene)
    const agent = scene.start()
    await waitFor(() => agent.record.applied.length > 0, { what: 'the grants' })
    await machine.waitForReload(1)
    assert.equal((await client.ssh(account.name, 'echo bot')).stdout, 'bot\n')
    assert.equal((await machine.adminLogin(account.name)).stdout, 'admin\n')
    const pam = readFileSync(`${machine.pamDirectory}/sshd`, 'utf8')
    assert.match(pam, /^session optional pam_exec\.so quiet .*\/session-hook$/m)

    const healthy = await readNodeStatus(scene.ports(), parameters)
    assert.deepEqual(healthy.problems, [])
    assert.equal(healthy.connection?.state, 'fresh')
    assert.deepEqual(healthy.logins, [account.name])
    await assert.rejects(leaveNode({ ports: scene.ports(), parameters, ...ALWAYS }), {
      code: 'held',
    })
    await agent.stop()
    assert.equal((await client.ssh(account.name, 'echo bot')).stdout, 'bot\n')
    const stopped = await readNodeStatus(scene.ports(), parameters)
    assert.deepEqual(
      stopped.problems.map(({ code }) => code),
      ['agent-stopped'],
    )

    scene.hub.isUnreachable = true
    await assert.rejects(leaveNode({ ports: scene.ports(), parameters, ...ALWAYS }))
    assert.equal((await client.ssh(account.name, 'echo bot')).stdout, 'bot\n')
    scene.hub.isUnreachable = false
    await leaveNode({ ports: scene.ports(), parameters, ...ALWAYS })
    assert.ok(scene.hub.hasLeft)
    await machine.waitForReload(2)
    assert.deepEqual(machine.contents(), before)
    assert.equal((await client.ssh(account.name, 'echo bot')).code, 255)
    assert.equal((await machine.adminLogin(account.name)).stdout, 'admin\n')
  })

  it('started again is installed once', async () => {
    await using machine = await Machine.open(['UsePAM yes'])
    const scene = sceneOf(machine)
    for (let start = 0; start < 3; start++) {
      await using agent = scene.start()
      await waitFor(() => agent.record.applied.length > 0, { what: 'the grants' })
    }
    const pam = readFileSync(`${machine.pamDirectory}/sshd`, 'utf8')
    assert.equal(pam.match(/pam_exec/g)?.length, 1)
  })

  it('is reloaded once, and again only for what an agent was killed before', async () => {
    await using machine = await Machine.open()
    await machine.startSshd()
    const scene = sceneOf(machine)
    const due = `${machine.sshdDirectory}/mezite/reload-due`
    for (const { isDue, reloads } of [
      { isDue: false, reloads: 1 },
      { isDue: false, reloads: 1 },
      { isDue: true, reloads: 2 },
      { isDue: false, reloads: 2 },
    ]) {
      if (isDue) writeFileSync(due, '')
      await using agent = scene.start()
      await waitFor(() => agent.record.applied.length > 0, { what: 'the grants' })
      assert.equal((await machine.adminLogin(account.name)).stdout, 'admin\n')
      assert.equal(machine.reloads, reloads)
      assert.ok(!existsSync(due))
    }
  })

  it('serves the new host certificate after a renewal', async () => {
    await using machine = await Machine.open()
    await machine.startSshd()
    const scene = sceneOf(machine)
    scene.hub.grants = [plainGrant(account.name)]
    const client = clientOf(machine, scene)
    await using agent = scene.start()
    await waitFor(() => agent.record.applied.length > 0, { what: 'the grants' })
    await machine.waitForReload(1)
    const before = await scene.file('ssh_host_ed25519_key-cert.pub')
    agent.trigger.renewNow()
    await waitFor(async () => (await scene.file('ssh_host_ed25519_key-cert.pub')) !== before, {
      what: 'the new certificate',
    })
    assert.equal((await client.ssh(account.name, 'echo bot')).stdout, 'bot\n')
    assert.equal(scene.hub.generation, 2n)
    await waitFor(() => agent.record.applied.length > 1, { what: 'the watch with the new one' })
  })

  it('is told what is missing when it reads no drop-ins', async () => {
    await using machine = await Machine.open()
    const text = readFileSync(machine.configPath, 'utf8')
    writeFileSync(machine.configPath, text.replace(/^Include.*\n/, ''))
    const agent = sceneOf(machine).start()
    await assert.rejects(agent.ended, (error) => {
      assert.ok(error instanceof Error && 'hint' in error && 'code' in error)
      assert.equal(error.code, 'sshd-not-including')
      assert.match(String(error.hint), /: Include .*sshd_config\.d\/\*\.conf$/)
      return true
    })
  })

  it("keeps the administrator's own User CA, and says so", async () => {
    await using machine = await Machine.open(['TrustedUserCAKeys /etc/ssh/own_ca.pub'])
    const before = machine.contents()
    await assert.rejects(sceneOf(machine).start().ended, {
      code: 'sshd-occupied',
      message: /trustedusercakeys \/etc\/ssh\/own_ca\.pub/,
    })
    assert.deepEqual(machine.contents(), before)
  })

  it('has its drop-in taken back when sshd refuses it', async () => {
    await using machine = await Machine.open()
    const later = `${machine.sshdDirectory}/sshd_config.d/20-own.conf`
    writeFileSync(later, '# own\n')
    const scene = sceneOf(machine)
    const { run } = scene.ports().programs
    const refusing = scene.ports()
    Object.assign(refusing.programs, {
      run: async (path: string, words: readonly string[]) =>
        words[0] === '-t' ? { code: 255, stdout: '', stderr: 'bad line 7' } : run(path, words),
    })
    scene.ports = () => refusing
    await assert.rejects(scene.start().ended, { code: 'sshd-refused', message: /bad line 7/ })
    assert.ok(!existsSync(`${machine.sshdDirectory}/sshd_config.d/10-mezite.conf`))
    assert.ok(!readFileSync(`${machine.pamDirectory}/sshd`, 'utf8').includes('pam_exec'))
  })

  it('goes on with what it has when the hub is away, and catches up when it is back', async () => {
    await using machine = await Machine.open()
    await machine.startSshd()
    const scene = sceneOf(machine)
    scene.hub.grants = [plainGrant(account.name)]
    const client = clientOf(machine, scene)
    await using agent = scene.start()
    await waitFor(() => agent.record.applied.length > 0, { what: 'the grants' })
    await machine.waitForReload(1)
    scene.hub.isUnreachable = true
    scene.hub.breakStreams()
    await waitFor(() => agent.record.connections.at(-1)?.state === 'stale', { what: 'staleness' })
    const isStale = async () => {
      const { problems } = await readNodeStatus(scene.ports(), scene.parameters)
      return problems.some(({ code }) => code === 'stale')
    }
    await waitFor(isStale, { what: 'the status to say so' })
    assert.equal((await client.ssh(account.name, 'echo bot')).stdout, 'bot\n')
    scene.hub.principals = []
    scene.hub.isUnreachable = false
    await waitFor(() => agent.record.connections.at(-1)?.state === 'fresh', { what: 'the hub' })
    assert.equal((await client.ssh(account.name, 'echo bot')).code, 255)
    assert.ok(!existsSync(`${machine.sshdDirectory}/mezite/principals/${account.name}`))
  })
})
