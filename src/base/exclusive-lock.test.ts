import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { holdExclusively } from './exclusive-lock.ts'

const MODULE = JSON.stringify(new URL('./exclusive-lock.ts', import.meta.url).href)

/** Takes the lock, starts a child of its own, prints that child's pid, and stays. */
const HOLDER = `
import { spawn } from 'node:child_process'
const { holdExclusively } = await import(${MODULE})
await holdExclusively(process.argv[1], 'pid ' + process.pid)
const child = spawn('sleep', ['60'], { stdio: 'ignore' })
console.log(child.pid)
setInterval(() => {}, 1000)
`

describe('holdExclusively', () => {
  let directory = ''
  let path = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-lock-'))
    path = join(directory, 'state.lock')
  })
  afterEach(() => rm(directory, { recursive: true }))

  /** Another process that holds the lock. */
  async function startHolder(): Promise<{ holder: ChildProcess; childPid: number }> {
    const argv = ['--input-type=module', '-e', HOLDER, path]
    const holder = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of holder.stdout) return { holder, childPid: Number(line) }
    return assert.fail('the holder ended')
  }

  async function kill(holder: ChildProcess): Promise<void> {
    if (holder.signalCode) return
    const exited = once(holder, 'exit')
    holder.kill('SIGKILL')
    await exited
  }

  it('excludes another hold, in this process too, until it is released', async () => {
    const first = await holdExclusively(path, 'pid 1 since noon')
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(holdExclusively(path, 'pid 2'), {
        code: 'held',
        holder: 'pid 1 since noon',
        message: `${path} is held by pid 1 since noon`,
      })
    }
    await first.release()
    await first.release()
    assert.equal(existsSync(`${path}-holder`), false)
    const second = await holdExclusively(path, 'pid 2')
    await first.release()
    await assert.rejects(holdExclusively(path, 'pid 3'), { code: 'held', holder: 'pid 2' })
    await second.release()
  })

  it('keeps its hold against others although this process tries again', async () => {
    const lock = await holdExclusively(path, 'me')
    await assert.rejects(holdExclusively(path, 'me again'), { code: 'held' })
    const argv = ['--input-type=module', '-e', HOLDER, path]
    const other = spawnSync(process.execPath, argv, { timeout: 30_000 })
    assert.equal(other.status, 1)
    assert.match(other.stderr.toString(), /is held by me/)
    await lock.release()
  })

  it('gives one of many that start together the hold', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => holdExclusively(path, `number ${index}`)),
    )
    const held = results.filter((result) => result.status === 'fulfilled')
    assert.equal(held.length, 1)
    await held[0]?.value.release()
  })

  it('excludes another process, and ends with it although its child lives on', async () => {
    const { holder, childPid } = await startHolder()
    try {
      await assert.rejects(holdExclusively(path, 'me'), {
        code: 'held',
        holder: `pid ${holder.pid}`,
      })
      await kill(holder)
      process.kill(childPid, 0)
      const lock = await holdExclusively(path, 'me')
      assert.equal(await readFile(`${path}-holder`, 'utf8'), 'me\n')
      await lock.release()
    } finally {
      await kill(holder)
      process.kill(childPid, 'SIGKILL')
    }
  })

  it('ignores the text of one that was killed', async () => {
    await writeFile(`${path}-holder`, 'pid 4711 since long ago\n')
    const lock = await holdExclusively(path, 'me')
    await assert.rejects(holdExclusively(path, 'you'), { holder: 'me' })
    await lock.release()
  })

  it('makes files that no one else can open', async () => {
    const lock = await holdExclusively(path, 'me')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(`${path}-holder`)).mode & 0o777, 0o600)
    await lock.release()
  })

  it('says where it cannot lock at all', async () => {
    await assert.rejects(holdExclusively(join(directory, 'none', 'lock'), 'me'), {
      code: 'unavailable',
    })
    await writeFile(path, 'not a lock file, but long enough to be taken for one'.repeat(20))
    await assert.rejects(holdExclusively(path, 'me'), { code: 'unavailable' })
  })
})
