/**
 * `node test/upgrade/keep.ts`: what a cluster of this version has on its disks, for the tests of the
 * versions after it. Run it once for each release; what is kept is never written again.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { version } from '../../src/cli/version.ts'
import { textAt, valueAt } from '../e2e/harness/cluster.ts'
import { type Fleet, startFleet } from '../e2e/harness/fleet.ts'
import { KEPT, type Kept, LOGIN, PASSPHRASE } from './kept.ts'

const archive = join(KEPT, `${version}.tar.gz`)
if (existsSync(archive)) throw new Error(`${archive} is there: a version is kept once`)

await using fleet = await startFleet({ env: { MEZITE_CA_KEY_PASSPHRASE: PASSPHRASE } })
await makeCluster(fleet)
execFileSync('tar', ['--numeric-owner', '-czf', archive, '-C', fleet.directory.path, '.'])

async function makeCluster(fleet: Fleet): Promise<void> {
  const { hub, directory } = fleet
  await fleet.roles('create', {
    deployer: {
      options: {
        max_session_ttl: '1h',
        port_forwarding: false,
        file_copy: true,
        pty: false,
        source_cidrs: ['127.0.0.0/8'],
      },
      allow: { node_labels: { env: ['staging', '^prod-\\d+$'] }, logins: [LOGIN] },
      deny: { logins: ['root'] },
    },
    reader: { allow: { node_labels: { '*': '*' }, logins: [LOGIN] } },
  })

  const node = await fleet.node({ name: 'web-1', labels: { env: 'staging' } })
  const bot = await fleet.bot({ name: 'ci', roles: ['deployer', 'reader'] })
  const before = bot.daemon.certificate
  bot.daemon.signal('SIGHUP')
  await bot.daemon.waitForCertificate(before)
  const instance = await bot.instance()
  const shown = await hub.json('mezctl bots instances ci')
  const generation = Number(valueAt(shown, 0, 'generation'))

  await fleet.bot({ name: 'locked', roles: ['reader'] }).then((it) => it.daemon.stop())
  await fleet.lock('--bot=locked --message=kept')
  const added = await hub.json('mezctl bots add --name=waiting --roles=reader --token-ttl=24h')
  writeFileSync(directory.join('bot-token'), textAt(added, 'token', 'value'), { mode: 0o600 })
  writeFileSync(directory.join('node-token'), await fleet.nodeToken('--ttl=24h'), { mode: 0o600 })
  await hub.runOk(`mezctl admins add alice --out=${directory.join('alice.mezite')}`)

  await bot.daemon.stop()
  await node.stop()
  await hub.runOk(`mezhub backup ${directory.join('backup.db')}`)
  await hub.runOk(`mezctl audit key > ${directory.join('audit.pub')}`)
  await hub.runOk(`mezctl audit checkpoint > ${directory.join('checkpoint')}`)
  const events = Number(valueAt(await hub.json('mezctl audit ls --limit=1'), 0, 'sequence'))
  // Killed, as a machine that loses its power: the store is as it was then.
  await hub.stop('SIGKILL')

  const kept: Kept = {
    version,
    keptAt: new Date(systemClock.now()).toISOString(),
    destination: bot.destination.slice(directory.path.length + 1),
    node: node.stateDirectory.slice(directory.path.length + 1),
    instance,
    generation,
    events,
  }
  writeFileSync(directory.join('kept.json'), `${JSON.stringify(kept, undefined, 2)}\n`)
  rmSync(directory.join('hub', 'hub.sock'), { force: true })
}
