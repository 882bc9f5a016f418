/** Administration from another machine, with an admin identity. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { it } from 'node:test'
import { startCluster } from './harness/cluster.ts'
import { run, testEnvironment } from './harness/run.ts'

it('an admin identity administers from elsewhere until it is removed', async () => {
  await using cluster = await startCluster({ logins: ['deploy'] })
  const { hub, directory } = cluster
  const file = directory.join('ada.mezite')
  await hub.runOk(`mezctl admins add ada --out=${file}`)
  assert.equal(statSync(file).mode & 0o777, 0o600)

  const env = { ...testEnvironment(directory.join('elsewhere')), MEZITE_ADMIN_IDENTITY: file }
  const mezctl = (line: string) => run(`mezctl ${line} --auth-server=${hub.address}`, { env })
  const status = await mezctl('status --format=json')
  assert.equal(status.code, 0, status.stderr)
  assert.equal(JSON.parse(status.stdout).caller, 'admin:ada')
  assert.equal((await mezctl('bots lock github-deploy --message=check')).code, 0)
  const [event] = JSON.parse((await mezctl('audit ls --limit=1 --format=json')).stdout)
  assert.equal(event.actor, 'admin:ada')
  assert.equal(event.address, '127.0.0.1')

  await hub.runOk('mezctl admins rm ada')
  const refused = await mezctl('status')
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /error: .*"ada" has expired or was removed\nhint: /)
})

it('a removed admin identity administers nothing, and each try is in the audit log', async () => {
  await using cluster = await startCluster({ logins: ['deploy'] })
  const { directory, hub } = cluster
  const removed = directory.join('removed.mezite')
  await hub.runOk(`mezctl admins add eve --out=${removed}`)
  await hub.runOk('mezctl admins rm eve')
  const env = { ...testEnvironment(directory.join('elsewhere')), MEZITE_ADMIN_IDENTITY: removed }
  for (const line of [
    'bots ls',
    'ca export --type=user',
    'audit ls',
    'admins add mallory --out=/tmp/no',
  ]) {
    const { code, stdout } = await run(`mezctl ${line} --auth-server=${hub.address}`, { env })
    assert.equal(code, 3, line)
    assert.equal(stdout, '', line)
  }
  assert.match(await hub.runOk('mezctl audit ls --type=rpc.denied'), /MZ5001W.*admin:eve/)
})
