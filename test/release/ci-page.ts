/**
 * The pipeline of docs/ci.md on a runner that has none of the programs: it gets them with the real
 * curl from the address of the page, where a release is.
 */
import type { Machine } from '../docs/machine.ts'
import { testPage } from '../docs/run-page.ts'
import { runWorkflow } from '../docs/workflow.ts'
import { type Child, startChild } from '../e2e/harness/child.ts'
import { programPath } from '../e2e/harness/requirements.ts'
import { runOk } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'

const SITE = 'releases.mezite.com'
const ADDRESS = '127.0.0.99'

/** `archive` is there when the test begins; `scratch` is a directory. */
export function testPipeline(archive: string, scratch: string): void {
  testPage({
    page: 'ci.md',
    machines: ['web-server-01', 'runner'],
    nodes: ['web-server-01'],
    bare: ['runner'],
    onStart: (world) => startSite(archive, scratch, world.machine('runner')),
    async onFile({ path, content }, world, samples) {
      if (!path.startsWith('.github/')) return
      const token = samples.get('tok-bot-a1b2c3d4e5f6') ?? ''
      await runWorkflow(content, world.machine('runner'), { MEZITE_BOT_TOKEN: token })
    },
  })
}

async function startSite(archive: string, scratch: string, runner: Machine): Promise<Child> {
  const [key, certificate] = [`${scratch}/site.key`, `${scratch}/site.crt`]
  await runOk([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-noenc', '-keyout', key, '-out', certificate, '-days', '2', '-subj', `/CN=${SITE}`],
    ...['-addext', `subjectAltName=DNS:${SITE}`],
  ])
  const { stdout } = await runOk(['cat', certificate])
  await runner.write('/etc/ssl/certs/ca-certificates.crt', stdout)
  await runner.typeOk(`echo ${ADDRESS} ${SITE} >>/etc/hosts`)
  const site = startChild(
    [
      ...[programPath('nsenter'), `--net=${runner.network}`, '--', process.execPath],
      ...[`${import.meta.dirname}/download-site.ts`, ADDRESS],
      ...['/latest/mezite-linux-amd64.tar.gz', archive, key, certificate],
    ],
    { env: {} },
  )
  await waitFor(() => site.stdout.includes('ready'), {
    what: 'the site with the release',
    context: () => site.stderr,
  })
  return site
}
