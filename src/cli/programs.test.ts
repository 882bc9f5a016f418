import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
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
