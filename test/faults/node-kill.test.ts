/** An agent is killed in the middle of writing, again and again: the administrator still gets in. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { temporaryAccount } from '../e2e/harness/account.ts'
import { Machine } from '../e2e/harness/own-machine.ts'
import { requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { runOk } from '../e2e/harness/run.ts'

requirePrograms('sshd', 'ssh', 'ssh-keygen', 'setpriv')
requireRoot()

const KILLS = 12
const LINE = /^restrict,pty bot:b\d+$/

it(`an agent that is killed ${KILLS} times leaves files that sshd accepts`, async () => {
  using account = temporaryAccount()
  await using machine = await Machine.open()
  await machine.startSshd()
  const files = join(machine.sshdDirectory, 'mezite')
  for (let kill = 0; kill < KILLS; kill++) {
    await runAndKill([machine.directory.path, String(machine.port), account.name], () =>
      administratorEnters(machine, account.name),
    )
    await runOk(['/usr/sbin/sshd', '-t', '-f', machine.configPath])
    const admin = `${machine.sshdDirectory}/admin_keys`
    await runOk(['ssh-keygen', '-Q', '-f', join(files, 'revoked.krl'), admin])
    for (const login of readdirSync(join(files, 'principals'))) {
      if (login.startsWith('.')) continue
      const text = readFileSync(join(files, 'principals', login), 'utf8')
      assert.ok(text.endsWith('\n'))
      for (const line of text.trimEnd().split('\n')) assert.match(line, LINE)
    }
    await administratorEnters(machine, account.name)
  }
  // Only the first has changed what sshd reads at a reload.
  assert.equal(machine.reloads, 1)
})

/** At the first try. An agent that is ready has nothing to do with sshd but its files. */
async function administratorEnters(machine: Machine, login: string): Promise<void> {
  const { stdout, stderr, code } = await machine.adminLogin(login)
  assert.equal(stdout, 'admin\n', `ssh ended with ${code}: ${stderr}\n${machine.log}`)
}

/** @param meanwhile what is to be done while it writes */
async function runAndKill(words: readonly string[], meanwhile: () => Promise<void>): Promise<void> {
  const script = join(import.meta.dirname, 'node-load.ts')
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, script, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output]: unknown[] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  assert.match(String(output), /ready/)
  await meanwhile()
  await systemClock.sleep(systemRandom.fraction() * 60)
  child.kill('SIGKILL')
  await once(child, 'exit')
}
