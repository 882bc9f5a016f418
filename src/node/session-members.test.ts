import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeProc, type FakeProcess } from '../../test/fakes/proc.ts'
import { readProcessTable } from './proc.ts'
import { NO_TRACES, type SessionTraces, sessionMembers, tracesOf } from './session-members.ts'

const MINE = 'SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 22'
const USER = 4001
const SESSION = {
  login: 'deploy',
  monitor: { pid: 100, startTicks: 100n },
  connection: '192.0.2.1 50000 192.0.2.2 22',
}
const SSHD = '/usr/sbin/sshd'

const LISTENER: FakeProcess = { pid: 50, parent: 1, program: SSHD }
const MONITOR: FakeProcess = { pid: 100, parent: 50, program: SSHD }
const WORKER: FakeProcess = { pid: 101, parent: 100, program: `${SSHD} (deleted)`, user: USER }
const SHELL: FakeProcess = { pid: 102, parent: 101, user: USER, environment: [MINE] }

async function members(
  processes: readonly FakeProcess[],
  traces: SessionTraces = NO_TRACES,
  session = SESSION,
) {
  const proc = new FakeProc(processes)
  // The port 50000 of the client, and the server's 22.
  proc.sockets = [
    '   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 70 1',
    '   1: 020200C0:0016 010200C0:C350 01 00000000:00000000 02:000A 00000000     0        0 71 2',
  ]
  const table = readProcessTable(proc.ports.proc)
  const found = await sessionMembers(proc.ports, table, session, traces)
  return {
    sshd: found.sshd.map(({ pid }) => pid),
    started: found.started.map(({ pid }) => pid).sort((a, b) => a - b),
  }
}

describe('the members of a session', () => {
  const tree = [LISTENER, MONITOR, WORKER, SHELL]

  it('are the tree of its monitor, and none of any other', async () => {
    const other = { ...MONITOR, pid: 200 }
    const others = [other, { ...WORKER, pid: 201, parent: 200 }]
    const child = { pid: 103, parent: 102, user: USER }
    assert.deepEqual(await members([...tree, child, ...others]), {
      sshd: [100, 101],
      started: [102, 103],
    })
  })

  it('are none when another process has the number of the monitor', async () => {
    const reused = { pid: 100, parent: 1, startTicks: 900 }
    assert.deepEqual(await members([reused, { pid: 101, parent: 100 }]), { sshd: [], started: [] })
  })

  it('take in what has left the tree and carries its mark, of the same user alone', async () => {
    const left = { pid: 110, parent: 1, user: USER, environment: ['A=b', MINE] }
    const its = { pid: 111, parent: 110, user: USER }
    const later = { pid: 112, parent: 1, user: USER, environment: [`${MINE}3`] }
    const ofAnother = { ...left, pid: 113, user: 4002 }
    const ofRoot = { ...left, pid: 114, user: 0 }
    const older = { ...left, pid: 115, startTicks: 99 }
    const { started } = await members([...tree, left, its, later, ofAnother, ofRoot, older])
    assert.deepEqual(started, [102, 110, 111])
  })

  it('take in whoever keeps his environment from being read', async () => {
    const hiding = { pid: 110, parent: 1, user: USER, environment: [MINE], isHiding: true }
    assert.deepEqual((await members([...tree, hiding])).started, [102, 110])
  })

  it('are known by the audit session, whatever they have done to their environment', async () => {
    const audit = 7
    const known = [MONITOR, WORKER, SHELL].map((it) => ({ ...it, audit }))
    const left = { pid: 110, parent: 1, user: USER, audit }
    const asRoot = { pid: 111, parent: 1, user: 0, audit }
    const ofAnother = { pid: 112, parent: 1, user: USER, audit: 8, environment: [MINE] }
    const { started } = await members([LISTENER, ...known, left, asRoot, ofAnother])
    assert.deepEqual(started, [102, 110, 111])
  })

  it("aren't known by an audit session that is that of whoever has started sshd", async () => {
    const audit = 7
    const all = tree.map((it) => ({ ...it, audit }))
    const administrators = { pid: 110, parent: 1, user: 0, audit }
    assert.deepEqual((await members([...all, administrators])).started, [102])
  })

  it('are found without their monitor: by the connection', async () => {
    const orphan = { ...WORKER, parent: 1, sockets: [71] }
    const other = { ...orphan, pid: 120, sockets: [72] }
    const listener = { ...LISTENER, sockets: [70], startTicks: 130 }
    const left = { pid: 110, parent: 1, user: USER, environment: [MINE] }
    assert.deepEqual(await members([listener, orphan, SHELL, other, left]), {
      sshd: [101],
      started: [102, 110],
    })
  })

  it('are found without any of sshd: by what was known of them', async () => {
    const left = { pid: 110, parent: 1, user: USER, environment: [MINE], audit: 7 }
    const known = { auditSession: undefined, user: USER }
    assert.deepEqual((await members([LISTENER, left], known)).started, [110])
    const silent = { ...left, environment: [] }
    assert.deepEqual((await members([silent], { ...known, auditSession: 7 })).started, [110])
    assert.deepEqual((await members([silent], known)).started, [])
  })

  it('of a login as root are all of root', async () => {
    const session = { ...SESSION, login: 'root' }
    const asRoot = [LISTENER, MONITOR, { ...SHELL, parent: 100, user: 0 }]
    const left = { pid: 110, parent: 1, user: 0, environment: [MINE] }
    assert.deepEqual(await members([...asRoot, left], NO_TRACES, session), {
      sshd: [100],
      started: [102, 110],
    })
  })
})

describe('the traces of a session', () => {
  it("have no user as long as all of sshd is root's", () => {
    const young = new FakeProc([LISTENER, { ...MONITOR, audit: 7 }])
    const first = tracesOf(young.ports.proc, SESSION, NO_TRACES)
    assert.deepEqual(first, { auditSession: 7, user: undefined })
    const gone = new FakeProc([LISTENER])
    assert.deepEqual(tracesOf(gone.ports.proc, SESSION, first), first)
  })
})
