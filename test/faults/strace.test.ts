/** The instrument itself: each fault falls on the call that it was meant for, and only there. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { startChild } from '../e2e/harness/child.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { requirePrograms } from '../e2e/harness/requirements.ts'
import { testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { faultAt, SINGLE_FILE_THREAD, Strace, underStrace } from './strace.ts'

requirePrograms('strace', 'setpriv')

/** Writes and syncs `a`, then `b`, again at each signal, and tells how it went. */
const WRITER = `
const { writeFile, rename } = require('node:fs/promises')
const round = async () => {
  for (const name of ['a', 'b']) {
    try {
      const path = process.cwd() + '/' + name
      await writeFile(path + '.new', name, { flush: true })
      await rename(path + '.new', path)
      console.log(name + ' written')
    } catch (error) {
      console.log(name + ' ' + error.code)
    }
  }
  console.log('done')
}
process.on('SIGUSR2', round)
setInterval(() => {}, 1000)
round()`

function program(directory: TemporaryDirectory) {
  const env = { ...testEnvironment(directory.path), ...SINGLE_FILE_THREAD }
  return { command: [process.execPath, '-e', WRITER], options: { env, cwd: directory.path } }
}

describe('strace', () => {
  it('records what a program writes, in order', async () => {
    using directory = new TemporaryDirectory()
    const { command, options } = program(directory)
    const traced = underStrace(command, { directory })
    await using child = startChild(traced.command, options)
    await waitFor(() => child.stdout.includes('done'), { what: 'a round' })
    const calls = traced.calls().filter(({ path }) => path.startsWith(directory.path))
    assert.deepEqual(
      calls.map(
        ({ call, path, number }) => `${call} ${path.slice(directory.path.length)} ${number}`,
      ),
      ['a', 'b'].flatMap((name) => [
        `openat /${name}.new 1`,
        `write /${name}.new 1`,
        `fsync /${name}.new 1`,
        `rename /${name}.new 1`,
      ]),
    )
    assert.ok(calls.every(({ result }) => result !== undefined && !result.startsWith('-1')))
  })

  it('kills a program before the call that was named, from its start on', async () => {
    using directory = new TemporaryDirectory()
    const { command, options } = program(directory)
    const path = directory.join('b.new')
    const rename = { call: 'rename', path, number: 1 } as const
    const traced = underStrace(command, { directory, ...faultAt(rename, 'kill') })
    await using child = startChild(traced.command, options)
    assert.equal((await child.exited).signal, 'SIGKILL')
    assert.equal(child.stdout, 'a written\n')
    assert.equal(readFileSync(path, 'utf8'), 'b')
    assert.ok(!existsSync(directory.join('b')))
    assert.equal(traced.calls().at(-1)?.result, undefined)
  })

  it('kills one that runs, at the second of two such calls', async () => {
    using directory = new TemporaryDirectory()
    const { command, options } = program(directory)
    await using child = startChild(command, options)
    await waitFor(() => child.stdout.includes('done'), { what: 'a round' })
    await using strace = await Strace.attach(child.pid, {
      directory,
      ...faultAt({ call: 'fsync', path: directory.join('a.new'), number: 2 }, 'kill'),
    })
    child.signal('SIGUSR2')
    await waitFor(() => child.stdout.match(/done/g)?.length === 2, { what: 'a second round' })
    child.signal('SIGUSR2')
    assert.equal((await child.exited).signal, 'SIGKILL')
    assert.equal(strace.calls().length, 2)
  })

  it('fails calls until it lets the program go', async () => {
    using directory = new TemporaryDirectory()
    const { command, options } = program(directory)
    await using child = startChild(command, options)
    const rounds = async (count: number) => {
      await waitFor(() => child.stdout.match(/done/g)?.length === count, {
        what: `${count} rounds`,
      })
      return child.stdout.trim().split('\n').slice(-3)
    }
    await rounds(1)
    const strace = await Strace.attach(child.pid, {
      directory,
      paths: [directory.join('a.new'), directory.join('b.new')],
      faults: [
        { call: 'rename', from: 2, lasting: true, effect: 'ENOSPC' },
        { call: 'fsync', from: 1, effect: 'EIO' },
      ],
    })
    child.signal('SIGUSR2')
    assert.deepEqual(await rounds(2), ['a EIO', 'b written', 'done'])
    child.signal('SIGUSR2')
    assert.deepEqual(await rounds(3), ['a ENOSPC', 'b ENOSPC', 'done'])
    await strace.detach()
    child.signal('SIGUSR2')
    assert.deepEqual(await rounds(4), ['a written', 'b written', 'done'])
  })
})
