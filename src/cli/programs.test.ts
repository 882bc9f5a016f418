import assert from 'node:assert/strict'
import { type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { version } from './version.ts'

const bin = resolve(import.meta.dirname, '../../bin')
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'mezite-bin-')))
after(() => rmSync(directory, { recursive: true }))

const run = (command: string, ...argv: readonly string[]) =>
  spawnSync(command, argv, { encoding: 'utf8', cwd: directory })

describe('the programs', () => {
  for (const program of ['mezhub', 'mezd', 'mezctl', 'msh']) {
    it(`${program} runs from anywhere, through symbolic links`, () => {
      const absolute = join(directory, `${program}-absolute`)
      symlinkSync(join(bin, program), absolute)
      mkdirSync(join(directory, `links of ${program}`))
      const relative = join(directory, `links of ${program}`, program)
      symlinkSync(`../${program}-absolute`, relative)
      for (const path of [join(bin, program), absolute, relative]) {
        const { status, stdout, stderr } = run(path, '--version')
        assert.deepEqual([status, stdout, stderr], [0, `${program} ${version}\n`, ''])
      }
    })
  }

  it('say what to do in a checkout without its packages', () => {
    const checkout = join(directory, 'checkout')
    mkdirSync(join(checkout, 'bin'), { recursive: true })
    copyFileSync(join(bin, 'mezctl'), join(checkout, 'bin/mezctl'))
    const { status, stdout, stderr } = run(join(checkout, 'bin/mezctl'), '--version')
    assert.deepEqual([status, stdout], [1, ''])
    assert.equal(
      stderr,
      `error: ${checkout}/node_modules/.bin/node is missing\nhint: run npm ci in ${checkout}\n`,
    )
  })

  it('live on while their log is on a full disk, and write on once there is space', () => {
    const module = resolve(import.meta.dirname, 'process-invocation.ts')
    const script = `
      import { closeSync, openSync } from 'node:fs'
      import { processInvocation } from ${JSON.stringify(module)}
      const { stderr, stdout } = processInvocation([])
      for (let line = 0; line < 3; line++) stderr.write('lost')
      // The same descriptor, with space.
      closeSync(2)
      if (openSync('log', 'w') !== 2) throw new Error('not standard error')
      stderr.write('kept')
      try {
        stdout.write('text')
      } catch (error) {
        stderr.write(\`, \${error.code}: \${error.message}\`)
      }`
    const argv = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script]
    const full = openSync('/dev/full', 'w')
    const stdio: StdioOptions = ['ignore', full, full]
    const { status } = spawnSync(process.execPath, argv, { cwd: directory, stdio })
    closeSync(full)
    const log = readFileSync(join(directory, 'log'), 'utf8')
    const lost = "file-unwritable: can't write to standard output: ENOSPC: no space left on device"
    assert.deepEqual([status, log], [0, `kept, ${lost}, write`])
  })

  it('say what is lost where their output is on a full disk', () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(join(bin, 'mezctl'), ['--help'], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    })
    closeSync(full)
    assert.equal(status, 7)
    assert.match(stderr, /^error: can't write to standard output: ENOSPC.*\nhint: what was to be/)
  })

  it('live on in silence when their reader has gone', async () => {
    const module = resolve(import.meta.dirname, 'process-invocation.ts')
    const script = `
      import { processInvocation } from ${JSON.stringify(module)}
      const { stdout, stderr, clock } = processInvocation([])
      for (let i = 0; i < 3; i++) {
        stdout.write('text')
        await clock.sleep(1)
      }
      stderr.write('still here')`
    const argv = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script]
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    assert.deepEqual([code, said], [0, 'still here'])
  })

  it('pass on exit codes', () => {
    assert.equal(run(join(bin, 'mezctl'), 'bots', 'lss').status, 2)
    assert.equal(run(join(bin, 'mezctl'), 'bots', 'ls', '--data-dir=/nonexistent').status, 6)
  })
})
