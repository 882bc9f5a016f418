/** What `npm run release` publishes, as whoever downloads it finds it. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { version } from '../../src/cli/version.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { requirePrograms } from '../e2e/harness/requirements.ts'
import { CHECKOUT, type RunResult, run, runOk } from '../e2e/harness/run.ts'
import { testPipeline } from './ci-page.ts'

const NAMES = ['mezhub', 'mezd', 'mezctl', 'msh']
const NO_NODE = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' }

describe('a release', { timeout: 280_000 }, () => {
  const directory = new TemporaryDirectory('mezite-release-')
  const dist = directory.join('dist')

  before(async () => {
    requirePrograms('curl', 'dpkg-deb', 'mandoc', 'openssl', 'qemu-aarch64')
    await build(dist, [])
  })
  after(() => directory[Symbol.dispose]())

  it('has archives, packages and a bill of materials, with their checksums', async () => {
    const published = [
      ...['amd64', 'arm64'].flatMap((architecture) => [
        `mezite-linux-${architecture}.tar.gz`,
        `mezite_${version}_${architecture}.deb`,
      ]),
      `mezite-${version}.cdx.json`,
    ]
    const found = readdirSync(dist).filter((name) => name.includes('.'))
    assert.deepEqual(found.sort(), [...published].sort())
    const check = await runOk(['sha256sum', '--check', 'SHA256SUMS'], { cwd: dist })
    assert.deepEqual(check.stdout.match(/OK$/gm)?.length, published.length)
  })

  it('unpacks the programs that are asked for, as pipelines do', async () => {
    const bin = directory.join('bin')
    mkdirSync(bin)
    const archive = `${dist}/mezite-linux-amd64.tar.gz`
    await runOk(['tar', '-xzf', archive, '-C', bin, 'mezd', 'msh'])
    assert.deepEqual(readdirSync(bin).sort(), ['mezd', 'msh'])
    for (const name of ['mezd', 'msh']) {
      const { stdout } = await runOk([`${bin}/${name}`, '--version'], { env: NO_NODE })
      assert.equal(stdout, `${name} ${version}\n`)
      assert.equal(statSync(`${bin}/${name}`).mode & 0o7777, 0o755)
    }
  })

  it('runs without Node, and takes no settings from where it is started', async () => {
    const here = directory.join('here')
    mkdirSync(here)
    await runOk(['tar', '-xzf', `${dist}/mezite-linux-amd64.tar.gz`, '-C', here])
    await runOk('echo MEZITE_LISTEN_ADDR=elsewhere > .env', { cwd: here })
    await runOk(`echo 'preload = ["./evil.js"]' > bunfig.toml`, { cwd: here })
    await runOk(`echo 'console.log("preloaded")' > evil.js`, { cwd: here })
    for (const name of NAMES) {
      const help = await runOk([`./${name}`, '--help'], { cwd: here, env: NO_NODE })
      assert.match(help.stdout, new RegExp(`^Usage: ${name} `))
    }
    const check = await run(['./mezhub', 'config', 'check'], { cwd: here, env: NO_NODE })
    assert.doesNotMatch(check.stdout + check.stderr, /elsewhere/)
    await runOk(['ln', 'mezd', 'other'], { cwd: here })
    const other = await run(['./other'], { cwd: here, env: NO_NODE })
    assert.equal(other.code, 2)
    assert.match(other.stderr, /no program other.*\nhint: .*mezhub, mezd, mezctl, msh/)
  })

  testPipeline(`${dist}/mezite-linux-amd64.tar.gz`, directory.path)

  it('has executables for arm64 too', async () => {
    const { stdout } = await runOk([
      ...['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
      ...[`${dist}/arm64/mezd`, '--version'],
    ])
    assert.equal(stdout, `mezd ${version}\n`)
  })

  it('installs as a Debian package: programs, manual pages and completions', async () => {
    const root = directory.join('root')
    const debian = `${dist}/mezite_${version}_amd64.deb`
    await runOk(['dpkg-deb', '--extract', debian, root])
    const owners = await runOk(['dpkg-deb', '--contents', debian])
    assert.doesNotMatch(owners.stdout, /^\S+ (?!root\/root)/m)
    for (const name of NAMES) {
      const { stdout } = await runOk([`${root}/usr/bin/${name}`, '--version'], { env: NO_NODE })
      assert.equal(stdout, `${name} ${version}\n`)
      const page = `${root}/usr/share/man/man1/${name}.1.gz`
      await runOk(`zcat ${page} | mandoc -T lint -W warning`)
      const text = await runOk(`zcat ${page} | mandoc -T ascii | col -b`)
      assert.match(text.stdout, new RegExp(`^ +${name} - `, 'm'))
      await runOk(['bash', '-n', `${root}/usr/share/bash-completion/completions/${name}`])
    }
    const shown = await runOk(['dpkg-deb', '--field', debian, 'Package', 'Architecture', 'Version'])
    assert.equal(shown.stdout, `Package: mezite\nArchitecture: amd64\nVersion: ${version}\n`)
  })

  it('names every dependency in its bill of materials', () => {
    const text = readFileSync(`${dist}/mezite-${version}.cdx.json`, 'utf8')
    const bill: { components: { name: string; version: string; licenses: unknown[] }[] } =
      JSON.parse(text)
    const manifest: { dependencies: Record<string, string> } = JSON.parse(
      readFileSync(`${CHECKOUT}/package.json`, 'utf8'),
    )
    const listed = new Map(bill.components.map(({ name, version }) => [name, version]))
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      assert.equal(listed.get(name), version, name)
    }
    assert.ok(listed.has('bun'))
    assert.ok(!listed.has('typescript'))
    assert.ok(bill.components.every(({ licenses }) => licenses.length > 0))
  })

  it('is the same when it is built again, elsewhere', async () => {
    const copy = directory.join('copy/of/it')
    mkdirSync(copy, { recursive: true })
    await runOk(['cp', '-r', 'src', 'scripts', 'package.json', 'package-lock.json', copy], {
      cwd: CHECKOUT,
    })
    await runOk(['ln', '-s', `${CHECKOUT}/node_modules`, `${copy}/node_modules`])
    const again = directory.join('again')
    await build(again, ['--programs-only'], copy)
    await runOk(['cmp', `${again}/mezd`, `${dist}/amd64/mezd`])
  })
})

/** At a time of its own, so that nothing depends on when this runs. */
async function build(
  out: string,
  flags: readonly string[],
  checkout = CHECKOUT,
): Promise<RunResult> {
  return await runOk(
    [process.execPath, `${checkout}/scripts/release.ts`, `--out=${out}`, ...flags],
    {
      cwd: checkout,
      env: { ...NO_NODE, ...definedEnvironment(), SOURCE_DATE_EPOCH: '1767225600' },
      timeoutMs: 240_000,
    },
  )
}

/** The caller's own: npm knows from it where packages come from. */
function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  )
}
