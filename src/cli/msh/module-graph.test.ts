import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { publish, TestDirectory } from './testing/destination.ts'
import { fakePrograms } from './testing/run-msh.ts'

/** What costs more to load than ssh takes to start. */
const HEAVY = [
  /\/node_modules\/(?!commander\/)/,
  /\/src\/(gen|rpc|client|auth|policy|x509)\//,
  /\/src\/base\/(log|config-file)\.ts$/,
]

const REPORT = `
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) writeSync(2, 'loaded ' + url + '\\n')
      return next(url, context)
    },
  })
`

function modulesOf(parameters: readonly string[], env: Record<string, string>): readonly string[] {
  const { stderr } = spawnSync(
    process.execPath,
    [
      ...['--import', `data:text/javascript,${encodeURIComponent(REPORT)}`],
      ...[join(import.meta.dirname, 'main.ts'), ...parameters],
    ],
    { encoding: 'utf8', env },
  )
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('loaded '))
    .map((line) => line.slice('loaded file://'.length))
}

describe("msh's module graph", () => {
  it('holds nothing that only the hub or a daemon needs', () => {
    using directory = new TestDirectory()
    publish(directory.path, 1)
    const env = { PATH: fakePrograms(directory.path, 'exit 0'), HOME: directory.path }
    for (const parameters of [
      ['--help'],
      ['ls', `--identity=${directory.path}`],
      ['ssh', `--identity=${directory.path}`, 'host'],
      ['ssh', 'host'],
      ['scp', `--identity=${directory.path}`, 'a', 'host:b'],
    ]) {
      const modules = modulesOf(parameters, env)
      assert.ok(
        modules.some((path) => path.endsWith('/msh/program.ts')),
        modules.join('\n'),
      )
      const heavy = modules.filter((path) => HEAVY.some((pattern) => pattern.test(path)))
      assert.deepEqual(heavy, [], parameters.join(' '))
    }
  })
})
