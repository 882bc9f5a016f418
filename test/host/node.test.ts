/** A node's agent, which is root, beside another user. */
import assert from 'node:assert/strict'
import { lstatSync, readFileSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { answers } from '../e2e/harness/managed-node.ts'
import { requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { PROGRAMS, run } from '../e2e/harness/run.ts'
import { freePort } from '../e2e/harness/sshd.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene } from '../fakes/node-scene.ts'
import { ATTACKER, act, ROOT, SharedPlace, shell } from './harness/users.ts'

requirePrograms('sshd')
requireRoot()

async function sceneIn(place: SharedPlace): Promise<NodeScene> {
  place.directory('node', ROOT, 0o755)
  const scene = new NodeScene(place.join('node'), await freePort('127.0.0.1'))
  // Its service of PAM stays in this place.
  place.directory('pam', ROOT, 0o755)
  scene.parameters = { ...scene.parameters, pamDirectory: place.join('pam') }
  scene.hub.grants = [plainGrant('deploy')]
  return scene
}

/** Ends the scene's own sshd with it. */
async function running(scene: NodeScene): Promise<AsyncDisposable> {
  const agent = scene.start()
  await waitFor(() => agent.record.applied.length > 0, {
    what: 'the first update',
    context: () => JSON.stringify(agent.record.failures.map(({ error }) => String(error))),
  })
  await waitFor(() => answers('127.0.0.1', scene.parameters.port), { what: 'its sshd' })
  return agent
}

describe('a node', () => {
  for (const [what, directory, plant] of [
    [
      'a state directory that the attacker has made first',
      'shared/node',
      'mkdir -m 755 shared/node',
    ],
    ['a link of his to one', 'shared/node', 'ln -s ../attacker shared/node'],
    ['one below his directory', 'attacker/node', 'true'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      using place = new SharedPlace()
      await act(ATTACKER, `cd ${place.path} && ${plant}`)
      const token = (await sceneIn(place)).parameters.joinToken
      const { code, stderr } = await run([
        ...[`${PROGRAMS}/mezd`, 'node', 'start', '--auth-server=127.0.0.1:1', '--sshd-port=1'],
        ...[`--state-dir=${place.join(directory)}`, `--join-token=${token}`, '--hosts=127.0.0.1'],
      ])
      assert.equal(code, 7, stderr)
      assert.match(stderr, /the state directory is not safe: .* user 61002/)
    })
  }

  for (const [what, plant, message] of [
    [
      'session records where he could leave his own',
      'mkdir shared/run',
      /session records is not safe/,
    ],
    [
      'a link of his to where they go',
      'ln -s ../attacker shared/run',
      /session records is not safe/,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      using place = new SharedPlace()
      const scene = await sceneIn(place)
      scene.parameters = { ...scene.parameters, runDirectory: place.join('shared/run') }
      await act(ATTACKER, `cd ${place.path} && ${plant}`)
      await using agent = scene.start()
      await assert.rejects(agent.ended, { code: 'unsafe-state', message })
    })
  }

  for (const [what, plant] of [
    ['a pipe in the place of its identity', 'mkfifo node.json'],
    ["the attacker's identity", 'echo {} > node.json'],
    ['a link in the place of pending keys', 'ln -s /dev/zero pending-renewal.json'],
  ] as const) {
    it(`refuses ${what}, planted while its state directory was open`, async () => {
      using place = new SharedPlace()
      const scene = await sceneIn(place)
      place.directory('node/state/private', ROOT, 0o777)
      await act(ATTACKER, `cd ${place.join('node/state/private')} && ${plant}`)
      place.directory('node/state/private', ROOT, 0o700)
      await using agent = scene.start()
      await assert.rejects(agent.ended, { code: 'unsafe-state' })
    })
  }

  it("replaces what is not root's among the files that sshd reads, and follows no link", async () => {
    using place = new SharedPlace()
    const scene = await sceneIn(place)
    const files = ['node/state/sshd', 'node/state/sshd/mezite', 'node/state/sshd/mezite/principals']
    for (const name of files) place.directory(name, ROOT, 0o777)
    await act(
      ATTACKER,
      `cd ${place.join('node/state/sshd/mezite')} && mkfifo revoked.krl && ln -s ${place.join('precious')} user_ca.pub &&
       printf '#!/bin/sh\\n' > session-hook && chmod 777 session-hook && ln -s ${place.join('precious')} principals/deploy &&
       ln -s ${place.join('precious')} .user_ca.pub.new && echo 'bot:evil' > principals/ops`,
    )
    for (const name of files) place.directory(name, ROOT, 0o755)
    await using _ = await running(scene)
    assert.equal(readFileSync(place.join('precious'), 'utf8'), 'root only\n')
    for (const name of ['revoked.krl', 'user_ca.pub', 'session-hook', 'principals/deploy']) {
      const stats = lstatSync(place.join('node/state/sshd/mezite', name))
      assert.ok(stats.isFile() && stats.uid === 0 && (stats.mode & 0o022) === 0, name)
    }
    assert.match(
      readFileSync(place.join('node/state/sshd/mezite/session-hook'), 'utf8'),
      /mezd node/,
    )
    const ops = place.join('node/state/sshd/mezite/principals/ops')
    assert.equal(statSync(ops, { throwIfNoEntry: false }), undefined, 'nobody was granted it')
  })

  it('refuses principals that lead elsewhere', async () => {
    using place = new SharedPlace()
    const scene = await sceneIn(place)
    for (const name of ['node/state/sshd', 'node/state/sshd/mezite']) {
      place.directory(name, ROOT, 0o777)
    }
    await act(
      ATTACKER,
      `ln -s ${place.join('attacker')} ${place.join('node/state/sshd/mezite/principals')}`,
    )
    for (const name of ['node/state/sshd', 'node/state/sshd/mezite']) {
      place.directory(name, ROOT, 0o755)
    }
    await using agent = scene.start()
    await assert.rejects(agent.ended, { code: 'unsafe-state', message: /link of user 61002/ })
  })

  it('shows another user who may enter, and nothing that is secret; he changes none of it', async () => {
    using place = new SharedPlace()
    const scene = await sceneIn(place)
    const umask = process.umask(0)
    await using _ = await running(scene).finally(() => process.umask(umask))
    const state = place.join('node/state')
    const readable = await act(
      ATTACKER,
      `find ${place.join('node')} -type f -readable 2>/dev/null | sort`,
    )
    assert.deepEqual(
      readable
        .trim()
        .split('\n')
        .map((path) => path.slice(state.length + 1)),
      [
        ...['no-file-copy', 'principals/deploy', 'revoked.krl', 'session-hook'],
        ...['ssh_host_ed25519_key-cert.pub', 'user_ca.pub'],
      ].map((name) => `sshd/mezite/${name}`),
    )
    assert.equal(
      await act(ATTACKER, `find ${place.join('node')} -writable ! -type l 2>/dev/null || :`),
      '',
    )
    for (const path of [`${state}/private`, place.join('node/run/sessions/spool')]) {
      assert.notEqual((await shell(ATTACKER, `ls ${path}`)).code, 0, path)
    }
  })
})
