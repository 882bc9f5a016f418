/**
 * `node bench/locks.ts`: a lock on a bot that is in, from the return of `mezctl locks add` until it is
 * refused at every node and nothing of its sessions is left. What the rows mean is told in
 * bench/README.md.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SECOND, systemClock } from '../src/base/clock.ts'
import { undoAtExit } from '../test/e2e/harness/cleanup.ts'
import { type Fleet, startFleet } from '../test/e2e/harness/fleet.ts'
import type { ManagedBot } from '../test/e2e/harness/managed-bot.ts'
import type { ManagedNode } from '../test/e2e/harness/managed-node.ts'
import { commandLine, processesOf } from '../test/e2e/harness/processes.ts'
import { requirePrograms, requireRoot } from '../test/e2e/harness/requirements.ts'
import { run } from '../test/e2e/harness/run.ts'
import { freePort } from '../test/e2e/harness/sshd.ts'
import { waitFor } from '../test/e2e/harness/wait.ts'
import { formatRows, rowOf } from './scale/row.ts'

const USAGE = `Usage: node bench/locks.ts [--rounds N] [--sessions N] [--processes N] [--load N]

  --rounds N     locks and unlocks (10)
  --sessions N   of each kind, that are open at a node (1)
  --processes N  that do nothing on the machine meanwhile (0)
  --load N       that keep a processor busy meanwhile (0)
`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    sessions: { type: 'string', default: '1' },
    processes: { type: 'string', default: '0' },
    load: { type: 'string', default: '0' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const NODES = ['web-1', 'web-2']

/** Commands that a plain disconnect leaves running, by what keeps them from ending. */
const STUBBORN = {
  ignoring: 'trap "" TERM HUP INT PIPE; while :; do sleep 8621; done',
  left: `setsid -f sh -c 'trap "" TERM HUP INT PIPE; while :; do sleep 8622; done' >/dev/null 2>&1 </dev/null; sleep 8623`,
}

function rows(): { readonly what: string; readonly limit: number; readonly runs: number[] }[] {
  return [
    { what: 'refused at both nodes', limit: SECOND, runs: [] },
    { what: 'ControlMaster disconnected', limit: 2 * SECOND, runs: [] },
    { what: 'forwarding-only disconnected', limit: 2 * SECOND, runs: [] },
    { what: 'command without pty disconnected', limit: 2 * SECOND, runs: [] },
    { what: 'every process of theirs dead', limit: 2 * SECOND, runs: [] },
  ]
}

async function measure(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  requirePrograms('sshd', 'ssh', 'setpriv')
  requireRoot()
  await using fleet = await startFleet()
  const login = fleet.account()
  await fleet.role('create', 'deployer', {
    options: { port_forwarding: true },
    allow: { node_labels: { env: 'staging' }, logins: [login.name] },
  })
  const nodes: ManagedNode[] = []
  for (const name of NODES) nodes.push(await fleet.node({ name, labels: { env: 'staging' } }))
  const flags = ['--renewal-interval=20m', '--certificate-ttl=1h']
  const bot = await fleet.bot({ name: 'ci', roles: ['deployer'], flags })
  using _background = crowd(Number(values.processes), Number(values.load))
  const table = rows()
  for (let round = 0; round < Number(values.rounds); round++) {
    const start = await lockOnce(fleet, bot, nodes, login)
    for (const [index, { runs }] of table.entries()) runs.push(start[index] ?? Number.NaN)
    process.stderr.write(`round ${round + 1}: ${start.map(Math.round).join(' ')} ms\n`)
  }
  const unit = 'ms' as const
  process.stdout.write(formatRows(table.map((row) => rowOf({ ...row, unit }))))
}

/** @returns the figures of one round, in the order of the rows */
async function lockOnce(
  fleet: Fleet,
  bot: ManagedBot,
  nodes: readonly ManagedNode[],
  { name: login, uid }: { readonly name: string; readonly uid: number },
): Promise<readonly number[]> {
  await waitFor(async () => (await Promise.all(nodes.map(enters))).every(Boolean), {
    what: 'the bot to be let in',
  })
  await waitFor(() => NODES.every((name) => bot.read('ssh_config').includes(`Host ${name}\n`)), {
    what: 'the nodes in ssh_config',
  })
  await fleet.waitForSessions(0)
  const kinds: readonly (() => Promise<readonly string[]>)[] = [
    async () => ['-M', '-S', fleet.directory.join(`control-${nextName()}`), '-N'],
    async () => ['-N', '-L', `${await freePort('127.0.0.1')}:127.0.0.1:1`],
    async () => ['-T', '--', `(${STUBBORN.ignoring}) & ${STUBBORN.left}`],
  ]
  const count = Number(values.sessions)
  const ended: Promise<number>[][] = []
  for (const flags of kinds) {
    const children = []
    for (let index = 0; index < count; index++) {
      children.push(bot.start(`${login}@web-1`, ...(await flags())))
    }
    ended.push(children.map(({ exited }) => exited.then(() => systemClock.monotonic())))
  }
  await fleet.waitForSessions(kinds.length * count)
  await waitFor(() => sleeping().length >= 3 * count, { what: 'the commands' })
  const theirs = processesOf(uid)
  const observed = { dead: untilDead(theirs), ended: ended.map((it) => Promise.all(it)) }
  const lock = await fleet.lock('--bot=ci')
  const returned = systemClock.monotonic()
  const refused = Promise.all(nodes.map(untilRefused))
  const ends = [await refused, ...(await Promise.all(observed.ended)), [await observed.dead]]
  await fleet.unlock(lock)
  return ends.map((times) => Math.max(0, ...times.map((time) => time - returned)))

  function sleeping(): readonly number[] {
    return processesOf(uid).filter((pid) => /^sleep 862\d/.test(commandLine(pid)))
  }

  /** When the first attempt that was refused was begun. */
  async function untilRefused(node: ManagedNode): Promise<number> {
    for (;;) {
      const begun = systemClock.monotonic()
      if (!(await enters(node))) return begun
    }
  }

  async function enters({ address, port }: ManagedNode): Promise<boolean> {
    const { code } = await run([
      ...['ssh', '-F', 'none', '-i', bot.file('ssh_key'), '-o', 'IdentitiesOnly=yes'],
      ...['-o', `CertificateFile=${bot.file('ssh_key-cert.pub')}`, '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${bot.file('known_hosts')}`, '-p', String(port)],
      ...[`${login}@${address}`, 'true'],
    ])
    return code === 0
  }
}

async function untilDead(pids: readonly number[]): Promise<number> {
  while (pids.some(isRunning)) await systemClock.sleep(5)
  return systemClock.monotonic()
}

/** One that has ended is there until its parent, which may be slow, has taken note of it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

let names = 0
function nextName(): number {
  names += 1
  return names
}

/** Other processes on the machine: some that sleep, some that don't. */
function crowd(sleepers: number, burners: number): Disposable {
  const options = { stdio: 'ignore', detached: true } as const
  const processes: ChildProcess[] = []
  for (let index = 0; index < sleepers; index++) processes.push(spawn('sleep', ['1d'], options))
  for (let index = 0; index < burners; index++) {
    processes.push(spawn('sh', ['-c', 'while :; do :; done'], options))
  }
  const end = undoAtExit(() => {
    for (const it of processes) it.kill('SIGKILL')
  })
  return { [Symbol.dispose]: end }
}

await measure()
