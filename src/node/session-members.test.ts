import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs/promises'
import { after, it } from 'node:test'
import { findProcess } from './proc.ts'
import { sessionMembers } from './session-members.ts'

const children: ChildProcess[] = []

after(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** A process over a connection: as a user, and with a child over another one where that is given. */
async function start(connection: string, uid: number, childConnection?: string): Promise<number> {
  const script = childConnection
    ? `SSH_CONNECTION='${childConnection}' sleep 60 & wait`
    : 'exec sleep 60'
  const child = spawn('sh', ['-c', script], {
    uid,
    env: { PATH: '/usr/bin:/bin', SSH_CONNECTION: connection },
    stdio: 'ignore',
  })
  children.push(child)
  await new Promise((resolve) => child.once('spawn', resolve))
  const { pid = 0 } = child
  while (!(await fs.readFile(`/proc/${pid}/environ`, 'utf8')).includes('SSH_CONNECTION')) {}
  return pid
}

async function membersOf(pid: number): Promise<readonly number[]> {
  const monitor = await findProcess(fs, pid)
  assert.ok(monitor)
  for (;;) {
    const members = await sessionMembers(fs, monitor)
    // The shell takes a moment to start its child.
    if (members.length > 1) return members.map((member) => member.pid)
  }
}

it('takes in what has left the tree and carries its mark, of the same user alone', async () => {
  const mine = `192.0.2.1 ${process.pid} 192.0.2.2 22`
  const others = `192.0.2.1 ${process.pid} 192.0.2.2 23`
  const monitor = await start(mine, 4001, mine)
  const escaped = await start(mine, 4001)
  const elsewhere = await start(others, 4001)
  const ofAnother = await start(mine, 4002)
  const members = await membersOf(monitor)
  assert.ok(members.includes(escaped))
  assert.ok(!members.includes(elsewhere))
  assert.ok(!members.includes(ofAnother), 'a forged mark reaches no other user')
})
