import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'

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

/** What runs of a program load, in the project and its packages. */
function modulesOf(program: string, argv: readonly string[]): readonly string[] {
  const main = join(import.meta.dirname, program, 'main.ts')
  const hooks = `data:text/javascript,${encodeURIComponent(REPORT)}`
  const flags = ['--disable-warning=ExperimentalWarning', '--import', hooks]
  const { stderr } = spawnSync(process.execPath, [...flags, main, ...argv], { encoding: 'utf8' })
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('loaded file://'))
    .map((line) => line.slice('loaded file://'.length))
}

/** Packages but commander, and what is built on them. */
const HEAVY = [
  /\/node_modules\/(?!commander\/)/,
  /\/src\/(gen|rpc|client|auth|policy)\//,
  /\/src\/base\/config-file\.ts$/,
]

describe('a program that only talks about itself loads nothing heavy', () => {
  for (const program of ['mezhub', 'mezd', 'mezctl', 'msh']) {
    it(program, () => {
      for (const argv of [['--help'], ['version'], ['no-such-verb']]) {
        const modules = modulesOf(program, argv)
        assert.ok(modules.some((path) => path.endsWith('/run.ts')))
        const heavy = modules.filter((path) => HEAVY.some((pattern) => pattern.test(path)))
        assert.deepEqual(heavy, [], argv.join(' '))
      }
      assert.ok(modulesOf(program, ['--version']).length < 6)
    })
  }
})

it('a verb of mezctl loads what it needs and no more', () => {
  const packages = (argv: readonly string[]) =>
    modulesOf('mezctl', argv).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
  const local = packages(['roles', 'validate', '/dev/null'])
  assert.ok(local.includes('yaml') && !local.includes('@grpc/grpc-js'))
  const unreachable = packages(['bots', 'ls', '--data-dir=/nonexistent'])
  assert.ok(!unreachable.includes('@grpc/grpc-js'))
})
