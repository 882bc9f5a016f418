import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { listenOnUnixSocket } from './unix-listener.ts'

async function openDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'mezite-sock-'))
  const remove = () => rm(path, { recursive: true })
  return { socket: join(path, 'hub.sock'), [Symbol.asyncDispose]: remove }
}

/** A process that is killed while it listens. */
function leaveSocket(path: string): void {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', program])
  assert.ok(existsSync(path))
}

describe('the unix socket', () => {
  it('is for its owner alone, and goes away with the hub', async () => {
    await using directory = await openDirectory()
    const accepted = Promise.withResolvers<void>()
    const listener = await listenOnUnixSocket(directory.socket, () => accepted.resolve())
    assert.equal((await stat(directory.socket)).mode & 0o777, 0o600)
    const client = connect(directory.socket)
    await accepted.promise
    listener.stop()
    listener.connections.destroy()
    await once(client, 'close')
    assert.equal(existsSync(directory.socket), false)
  })

  it('replaces that of a dead hub', async () => {
    await using directory = await openDirectory()
    leaveSocket(directory.socket)
    const listener = await listenOnUnixSocket(directory.socket, () => {})
    listener.stop()
  })

  it('leaves that of a living hub alone', async () => {
    await using directory = await openDirectory()
    const living = await listenOnUnixSocket(directory.socket, () => {})
    await assert.rejects(
      listenOnUnixSocket(directory.socket, () => {}),
      { code: 'socket-in-use' },
    )
    await once(connect(directory.socket), 'connect')
    living.stop()
    living.connections.destroy()
  })

  it('takes the place of nothing else', async () => {
    await using directory = await openDirectory()
    await writeFile(directory.socket, 'precious')
    await assert.rejects(
      listenOnUnixSocket(directory.socket, () => {}),
      { code: 'socket-blocked', message: /not a socket/ },
    )
    assert.ok(existsSync(directory.socket))
    const nowhere = join(directory.socket, 'deeper', 'hub.sock')
    await assert.rejects(
      listenOnUnixSocket(nowhere, () => {}),
      { code: 'socket-blocked' },
    )
  })

  it('has a path that the kernel takes', async () => {
    const path = `/tmp/${'x'.repeat(103)}`
    await assert.rejects(
      listenOnUnixSocket(path, () => {}),
      { code: 'socket-path-too-long', message: /108 bytes/, hint: /107/ },
    )
  })
})
