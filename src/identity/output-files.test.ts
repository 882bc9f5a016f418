import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import type { ReachableNode } from '../client/identity-hub.ts'
import { outputFiles } from './output-files.ts'

const NODES: readonly ReachableNode[] = [
  { name: 'web-1', host: '192.0.2.1', port: 22, logins: ['deploy'] },
  { name: 'db-1', host: '2001:db8::1', port: 2222, logins: ['deploy', 'backup'] },
  { name: 'bad name\nHost *', host: '192.0.2.2', port: 22, logins: ['deploy'] },
  { name: 'web-2', host: '192.0.2.3', port: 22, logins: [] },
]

async function sceneWith(nodes: readonly ReachableNode[]) {
  const scene = await IdentityScene.open()
  scene.hub.nodes = nodes
  const { published } = await scene.run({ until: ({ published }) => published.length === 1 })
  assert.ok(published[0])
  return { scene, ...published[0] }
}

describe('ssh_config', () => {
  it('is what ssh takes for each node', async () => {
    const { scene, publication } = await sceneWith(NODES)
    await using _ = scene
    const config = join(scene.destination, 'ssh_config')
    const ask = (host: string) =>
      Object.fromEntries(
        execFileSync('ssh', ['-G', '-F', config, host], {
          encoding: 'utf8',
          stdio: 'pipe',
        })
          .split('\n')
          .map((line) => [line.split(' ')[0], line.split(' ').slice(1).join(' ')]),
      )
    const web = ask('web-1')
    assert.equal(web.hostname, '192.0.2.1')
    assert.equal(web.user, 'deploy')
    assert.equal(web.identityfile, join(publication.directory, 'ssh_key'))
    assert.equal(web.certificatefile, join(publication.directory, 'ssh_key-cert.pub'))
    assert.equal(web.userknownhostsfile, join(publication.directory, 'known_hosts'))
    assert.equal(web.identitiesonly, 'yes')
    assert.match(web.stricthostkeychecking ?? '', /^(yes|true)$/)
    assert.ok(
      web.hostkeyalgorithms?.split(',').every((name: string) => name.includes('-cert-v01@')),
    )
    const database = ask('db-1')
    assert.deepEqual([database.hostname, database.port], ['2001:db8::1', '2222'])
    assert.notEqual(database.user, 'deploy')
    assert.doesNotMatch(ask('elsewhere').identityfile ?? '', /generations/)
  })

  it('leaves out a node that ssh can not be told of, on a line of its own', async () => {
    const { scene, identity } = await sceneWith(NODES)
    await using _ = scene
    const { ssh_config: text } = outputFiles(identity, '/certs/.generations/1')
    assert.match(text, /^# A node is left out: .*$/m)
    assert.deepEqual(text.match(/^Host .*$/gm), ['Host web-1', 'Host db-1', 'Host web-2'])
    assert.match(text, /^# Logins: deploy, backup\nHost db-1$/m)
  })
})

it('known_hosts trusts the Host CA alone, and the key and the certificate belong together', async () => {
  const { scene } = await sceneWith(NODES)
  await using _ = scene
  assert.match(await scene.output('known_hosts'), /^@cert-authority \* ssh-ed25519 \S+ \S+\n$/)
  const keygen = (...args: string[]) => execFileSync('ssh-keygen', args, { encoding: 'utf8' })
  const copy = join(scene.directory, 'key')
  await writeFile(copy, await scene.output('ssh_key'), { mode: 0o600 })
  const publicLine = keygen('-y', '-f', copy).split(' ').slice(0, 2).join(' ')
  assert.ok((await scene.output('ssh_key.pub')).startsWith(publicLine))
  const details = keygen('-L', '-f', join(scene.destination, 'ssh_key-cert.pub'))
  assert.match(details, /user certificate/)
  assert.match(details, /Principals: \n\s+bot:github-deploy\n/)
})
