/**
 * `npm run check:image`: the Dockerfile, built by buildah on a Debian of Debian's own archive, and a hub
 * in a container that a bot outside joins. It takes a minute and half a gigabyte; not part of `npm test`.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startChild } from '../e2e/harness/child.ts'
import { textAt, valueAt } from '../e2e/harness/cluster.ts'
import { debianArchive } from '../e2e/harness/debian-system.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { programPath, requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { CHECKOUT, PROGRAMS, runOk, testEnvironment } from '../e2e/harness/run.ts'

requirePrograms('buildah', 'mmdebstrap')
requireRoot()

const BASE = 'localhost/debian'
const PATIENT = { timeoutMs: 240_000 }

describe('the image', { timeout: 600_000 }, () => {
  const directory = new TemporaryDirectory('mezite-image-')
  const buildah = [
    ...[programPath('buildah'), '--storage-driver=vfs'],
    ...[`--root=${directory.join('store')}`, `--runroot=${directory.join('run')}`],
  ]
  let container = ''

  before(async () => {
    await runOk([process.execPath, 'scripts/release.ts', '--programs-only', '--out=dist/amd64'], {
      ...PATIENT,
      cwd: CHECKOUT,
    })
    const base = directory.join('base.tar')
    await runOk(
      [
        ...[programPath('mmdebstrap'), '--quiet', '--variant=essential', '--mode=root'],
        ...['--include=apt', 'bookworm', base, await debianArchive()],
      ],
      PATIENT,
    )
    const scratch = await text('from', 'scratch')
    await text('add', '--quiet', scratch, base, '/')
    await text('commit', '--quiet', scratch, BASE)
    await text(
      'bud',
      '--format=docker',
      ...ALIKE,
      '--pull-never',
      `--from=${BASE}`,
      '--tag=mezite',
      CHECKOUT,
    )
    container = await text('from', '--pull-never', 'localhost/mezite')
  })

  after(async () => {
    await runOk([...buildah, 'rm', '--all'])
    directory[Symbol.dispose]()
  })

  /** Namespaces in a namespace are seldom allowed. */
  const ALIKE = ['--isolation=chroot', '--network=host']

  async function text(...words: readonly string[]): Promise<string> {
    return (await runOk([...buildah, ...words], PATIENT)).stdout.trim()
  }

  /** As `docker exec`. */
  const inside = (...words: readonly string[]) => [
    ...[...buildah, 'run', '--isolation=chroot', '--user=mezite'],
    ...['--env=MEZITE_LISTEN_ADDR=127.0.0.1:0', '--', container, ...words],
  ]

  it('has a hub of an account of its own, which a bot joins', async () => {
    await using hub = startChild(inside('mezhub', 'start'), { env: testEnvironment('/root') })
    const [, port] = await hub.waitForStderr(/listening on 127\.0\.0\.1:(\d+)/)
    const mezctl = async (...words: readonly string[]): Promise<unknown> =>
      JSON.parse((await runOk(inside('mezctl', ...words, '--format=json'))).stdout)

    assert.equal(valueAt(await mezctl('status'), 'bots'), 0)
    assert.match((await runOk(inside('id', '-un'))).stdout, /^mezite$/m)
    const role = `printf '%s' '{"kind":"role","metadata":{"name":"all"},"spec":{"allow":{"node_labels":{"*":"*"},"logins":["deploy"]}}}' >/tmp/role.yaml`
    await runOk(inside('sh', '-c', `${role}; mezctl roles create --from-file=/tmp/role.yaml`))
    const token = textAt(await mezctl('bots', 'add', '--name=ci', '--roles=all'), 'token', 'value')
    const destination = directory.join('certs')
    await runOk(
      [
        ...[`${PROGRAMS}/mezd`, 'identity', 'start', '--one-shot', `--destination=${destination}`],
        `--auth-server=127.0.0.1:${port}`,
      ],
      { env: { ...testEnvironment(directory.path), MEZITE_JOIN_TOKEN: token } },
    )
    const { stdout } = await runOk(['ssh-keygen', '-L', '-f', `${destination}/ssh_key-cert.pub`])
    assert.match(stdout, /bot:ci/)
  })

  it('has all four programs, and ssh', async () => {
    for (const name of ['mezhub', 'mezd', 'mezctl', 'msh']) {
      assert.match((await runOk(inside(name, '--version'))).stdout, new RegExp(`^${name} \\d`))
    }
    assert.match((await runOk(inside('ssh', '-V'))).stderr, /^OpenSSH/)
  })
})
