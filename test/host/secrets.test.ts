/** A whole run of everything, and then a search of all that it left behind for every secret in it. */
import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { createKeySealer } from '../../src/auth/sealed-key.ts'
import { systemRandom } from '../../src/base/random.ts'
import { generatePrivateKey, parsePrivateKey } from '../../src/ssh/private-key.ts'
import { type Account, temporaryAccount } from '../e2e/harness/account.ts'
import { type Child, startChild } from '../e2e/harness/child.ts'
import { textAt } from '../e2e/harness/cluster.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { roleText } from '../e2e/harness/fleet.ts'
import { answers } from '../e2e/harness/managed-node.ts'
import { requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { PROGRAMS, type RunResult, run, testEnvironment } from '../e2e/harness/run.ts'
import { freePort } from '../e2e/harness/sshd.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { ProcessWatch } from './harness/process-watch.ts'
import {
  type Evidence,
  filesBelow,
  keySecret,
  leaks,
  type Secret,
  textSecret,
  tokenSecret,
} from './harness/secret.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const PASSPHRASE = randomBytes(18).toString('base64url')
const AT_ITS_START = /^command line of the start of mezd$/

/** One hub, one node, three bots, each with its token in another way, and all that they say. */
class Run implements AsyncDisposable {
  readonly directory = new TemporaryDirectory('mezite-secrets-')
  readonly watch = new ProcessWatch()
  secrets: Secret[] = []
  readonly outputs: Evidence[] = []
  readonly children: { readonly name: string; readonly child: Child }[] = []
  readonly account: Account = temporaryAccount()
  readonly env: Record<string, string>
  address = ''

  constructor() {
    this.env = {
      ...testEnvironment(this.path('home')),
      MEZITE_DATA_DIR: this.path('hub'),
      MEZITE_DEBUG: '1',
    }
  }

  path(...names: readonly string[]): string {
    return this.directory.join(...names)
  }

  start(name: string, words: readonly string[], env: Record<string, string> = {}): Child {
    const [program, ...parameters] = words
    const child = startChild([`${PROGRAMS}/${program}`, ...parameters], {
      env: { ...this.env, ...env },
      isOutlived: true,
    })
    this.watch.started(child.pid)
    this.children.push({ name, child })
    return child
  }

  async command(line: string, env: Record<string, string> = {}): Promise<RunResult> {
    const result = await run(line, { env: { ...this.env, ...env }, cwd: this.directory.path })
    const content = Buffer.from(result.stdout + result.stderr)
    this.outputs.push({ name: `output of ${line.split(' ').slice(0, 4).join(' ')}`, content })
    return result
  }

  /** What a verb prints that makes a token; the token is a secret everywhere else. */
  async token(name: string, line: string, belongsIn?: RegExp): Promise<string> {
    const { stdout, stderr } = await run(`${line} --format=json`, { env: this.env })
    const text = textAt(JSON.parse(stdout), 'token', 'value')
    this.outputs.push({ name: `errors of ${line}`, content: Buffer.from(stderr) })
    this.secrets.push(tokenSecret(`the token of ${name}`, text, belongsIn))
    return text
  }

  logs(): readonly Evidence[] {
    return this.children.map(({ name, child }) => ({
      name: `log of ${name}`,
      content: Buffer.from(child.stdout + child.stderr),
    }))
  }

  async stop(): Promise<void> {
    for (const { child } of this.children.toReversed()) await child.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.children.toReversed()) await child[Symbol.asyncDispose]()
    this.watch[Symbol.dispose]()
    this.account[Symbol.dispose]()
    this.directory[Symbol.dispose]()
  }
}

/** The keys of an identity in a state directory, as they are now. */
function addStateKeys(run: Run, name: string): void {
  const text = readFileSync(run.path(name, 'certs/.state/identity.json'), 'utf8')
  const { identityKey, sshKey } = JSON.parse(text)
  const state = new RegExp(`^${name}/certs/\\.state/(identity|pending-renewal)\\.json$`)
  const outputs = `${name}/certs/(\\.generations/\\d+/|\\.current/)?ssh_key$`
  run.secrets.push(keySecret(`an identity key of ${name}`, String(identityKey), state))
  const either = new RegExp(`${state.source}|^${outputs}`)
  run.secrets.push(
    keySecret(`the SSH key of ${name}`, parsePrivateKey(String(sshKey)).privateKey, either),
  )
}

async function startAll(run: Run): Promise<{ readonly port: number; readonly flagged: Child }> {
  writeFileSync(run.path('passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 })
  run.secrets.push(textSecret('the passphrase', PASSPHRASE, /^passphrase$/))
  const logs = ['--log-level=debug', '--log-format=json']
  const hub = run.start('the hub', [
    ...[
      'mezhub',
      'start',
      '--listen-addr=127.0.0.1:0',
      `--ca-key-passphrase-file=${run.path('passphrase')}`,
    ],
    ...logs,
  ])
  const [, listening = ''] = await hub.waitForStderr(/listening on ([\d.:]+)/)
  run.address = listening
  await waitFor(async () => (await run.command('mezctl status')).code === 0, { what: 'the hub' })

  const spec = { allow: { node_labels: { '*': '*' }, logins: [run.account.name] } }
  writeFileSync(run.path('role.yaml'), roleText('all', spec))
  await run.command('mezctl roles create --from-file=role.yaml')
  await run.command('mezctl admins add ada --out=ada.json')
  const { private_key: adminKey } = JSON.parse(readFileSync(run.path('ada.json'), 'utf8'))
  run.secrets.push(keySecret('the admin key', String(adminKey), /^ada\.json$/))

  const port = await freePort('127.0.0.1')
  const nodeToken = await run.token('the node', 'mezctl tokens create --roles=node')
  const node = run.start(
    'the node',
    [
      ...['mezd', 'node', 'start', `--auth-server=${run.address}`, '--name=web-1', ...logs],
      ...[`--state-dir=${run.path('node')}`, `--sshd-port=${port}`, '--sshd-listen=127.0.0.1'],
    ],
    { MEZITE_JOIN_TOKEN: nodeToken },
  )

  const add = (name: string) => `mezctl bots add --name=${name} --roles=all`
  const identity = (name: string, ...flags: readonly string[]) => [
    ...['mezd', 'identity', 'start', `--auth-server=${run.address}`, ...logs],
    ...[`--destination=${run.path(name, 'certs')}`, ...flags],
  ]
  const flagToken = await run.token('bot-flag', add('bot-flag'), AT_ITS_START)
  const flagged = run.start(
    'bot-flag',
    identity('bot-flag', `--join-token=${flagToken}`, '--on-renew=env'),
  )
  const fileToken = await run.token('bot-file', add('bot-file'), /^token$/)
  writeFileSync(run.path('token'), `${fileToken}\n`, { mode: 0o600 })
  const filed = run.start(
    'bot-file',
    identity('bot-file', `--join-token-file=${run.path('token')}`),
  )
  const environmentToken = await run.token('bot-env', add('bot-env'))
  const once = run.start(
    'bot-env',
    identity('bot-env', '--one-shot', `--reader-user=${run.account.name}`),
    {
      MEZITE_JOIN_TOKEN: environmentToken,
    },
  )
  assert.equal((await once.exited).code, 0, once.stderr)
  for (const child of [flagged, filed])
    await child.waitForStderr(/ready: the published certificate is valid/)
  await node.waitForStderr(/in touch with the hub/)
  await waitFor(() => answers('127.0.0.1', port), { what: 'sshd', context: () => node.stderr })
  return { port, flagged }
}

/** Each of them is an error, and an error shows what it is about. */
async function misuse(run: Run): Promise<void> {
  const used = await run.token('a spoilt bot', 'mezctl bots rotate-token bot-file', AT_ITS_START)
  const start = `mezd identity start --auth-server=${run.address} --one-shot --destination=${run.path('wrong')}`
  writeFileSync(
    run.path('config.yaml'),
    'auth-server: h:1\ndestination: /d\njoin-token-file: token\n',
  )
  const state = run.path('bot-file/certs/.state/identity.json')
  writeFileSync(
    run.path('damaged.json'),
    readFileSync(state, 'utf8').replaceAll('"identityKey": "', '"x": "'),
  )
  writeFileSync(
    run.path('damaged-admin.json'),
    readFileSync(run.path('ada.json'), 'utf8').slice(0, -40),
    { mode: 0o600 },
  )
  run.secrets = run.secrets.map((secret) =>
    / key of bot-file|admin key/.test(secret.name)
      ? { ...secret, belongsIn: new RegExp(`${secret.belongsIn.source}|^damaged|^elsewhere/`) }
      : secret,
  )
  for (const line of [
    `${start} --join-token=${used}x`,
    `${start} --join-token=${used.slice(0, -1)}a`,
    `${start} --join-token-file=${run.path('token')}`,
    `${start} --join-tokn=${used}`,
    `${start} --join-token=${used} --join-token-file=${run.path('token')}`,
    `mezd node start --auth-server=${run.address} --join-token=${used} --state-dir=${run.path('w')} --sshd-port=1`,
    'mezd identity config check --config=config.yaml',
    `mezhub start --data-dir=${run.path('hub')} --listen-addr=127.0.0.1:0`,
    'mezctl status --identity-file=damaged-admin.json',
    'mezctl status --identity-file=ada.json',
    `mkdir -p -m 700 elsewhere/.state && cp damaged.json elsewhere/.state/identity.json && mezd identity start --auth-server=h:1 --destination=${run.path('elsewhere')}`,
    'mezd identity status --destination=elsewhere',
  ]) {
    await run.command(line, { MEZITE_CA_KEY_PASSPHRASE: '' })
  }
}

describe('the secrets of a whole run', () => {
  let all: Run
  let evidence: readonly Evidence[] = []

  before(async () => {
    all = new Run()
    const { port, flagged } = await startAll(all)
    assert.doesNotMatch(readFileSync(`/proc/${flagged.pid}/cmdline`, 'utf8'), /tok-bot-/)
    for (let round = 0; round < 2; round++) {
      for (const name of ['bot-flag', 'bot-file']) addStateKeys(all, name)
      const offset = flagged.stderr.length
      flagged.signal('SIGUSR1')
      await flagged.waitForStderr(/"message":"renewed"/, offset)
    }
    addStateKeys(all, 'bot-flag')
    const login = `msh ssh --identity=${all.path('bot-flag/certs')} -p ${port} -l ${all.account.name} -o HostKeyAlias=web-1 127.0.0.1`
    const { code, stderr } = await all.command(`${login} -- env`, { MEZITE_JOIN_TOKEN: 'other' })
    assert.equal(code, 0, stderr)
    for (const line of [
      'mezctl audit ls --limit=1000 --format=json',
      'mezctl tokens ls --format=json',
      'mezctl bots ls --format=json',
      `mezd identity status --destination=${all.path('bot-flag/certs')} --format=json`,
      `mezd node status --state-dir=${all.path('node')} --format=json`,
      'mezhub backup backup.db',
    ]) {
      await all.command(line)
    }
    await misuse(all)
    addOtherKeys(all)
    await all.stop()
    const inFiles = filesBelow(all.directory.path)
    evidence = [...inFiles, ...all.logs(), ...all.outputs, ...all.watch.evidence()]
  })
  after(() => all[Symbol.asyncDispose]())

  it('are where they belong, and nowhere else', () => {
    assert.ok(all.secrets.length > 15)
    assert.deepEqual(leaks(all.secrets, evidence), [])
  })

  it('would have been seen: the search finds each of them where it belongs', () => {
    const everywhere = all.secrets.map((secret) => ({ ...secret, belongsIn: /^$/ }))
    const found = leaks(everywhere, evidence)
    for (const what of [
      ...[
        'the passphrase in passphrase',
        'the token of bot-file in token',
        'the admin key in ada.json',
      ],
      ...[
        'the SSH key of bot-flag in bot-flag/certs/.state/identity.json',
        'the SSH host key in node/',
      ],
      ...[
        'an identity key of bot-file in bot-file/certs/.state/identity.json',
        'the identity key of the node in node/',
      ],
    ]) {
      assert.ok(
        found.some((it) => it.startsWith(what)),
        what,
      )
    }
    assert.ok(
      found.some((it) => /^the SSH key of bot-flag in bot-flag\/certs\/\.generations/.test(it)),
    )
    for (const name of ['the hub', 'the node', 'bot-flag', 'bot-file', 'bot-env']) {
      const log = evidence.find((it) => it.name === `log of ${name}`)
      assert.ok(log && log.content.length > 0, name)
    }
    assert.ok(
      ['sshd', 'ssh'].every((name) => all.watch.programs.has(name)),
      [...all.watch.programs].join(),
    )
  })

  it('are found by the search in every encoding, whole or half', () => {
    const key = generatePrivateKey('ecdsa-sha2-nistp256')
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const { d = '' } = key.export({ format: 'jwk' })
    const scalar = Buffer.from(d, 'base64url')
    const secret = keySecret('it', pem)
    const forms: Readonly<Record<string, Buffer | string>> = {
      pem,
      json: JSON.stringify({ key: pem }),
      der: key.export({ type: 'pkcs8', format: 'der' }),
      raw: Buffer.concat([Buffer.of(1, 2, 3), scalar]),
      hex: `x${scalar.toString('hex')}`,
      base64: `prefix:${scalar.toString('base64')}`,
      jwk: JSON.stringify({ d }),
      half: scalar.subarray(16),
    }
    for (const [name, form] of Object.entries(forms)) {
      const found = leaks([secret], [{ name, content: Buffer.from(form) }])
      assert.deepEqual(found, [`it in ${name}`])
    }
    assert.deepEqual(leaks([secret], [{ name: 'x', content: randomBytes(4_096) }]), [])
  })
})

/** The CAs', which nobody but the passphrase opens; the node's, and its sshd's. */
function addOtherKeys(run: Run): void {
  const database = new DatabaseSync(run.path('hub/hub.db'), { readOnly: true })
  const rows = database
    .prepare(
      `SELECT type, private_key AS key FROM authorities
       UNION ALL SELECT 'audit', private_key FROM audit_keys`,
    )
    .all()
  database.close()
  const sealer = createKeySealer(PASSPHRASE, systemRandom)
  assert.equal(rows.length, 4)
  for (const { type, key } of rows) {
    run.secrets.push(keySecret(`the ${type} key of the hub`, sealer.open(String(key))))
  }
  const { identityKey } = JSON.parse(readFileSync(run.path('node/private/node.json'), 'utf8'))
  const isState = /^node\/private\/(node|pending-\w+)\.json$/
  run.secrets.push(
    keySecret('the identity key of the node', createPrivateKey(String(identityKey)), isState),
  )
  const hostKey = parsePrivateKey(readFileSync(run.path('node/sshd/ssh_host_ed25519_key'), 'utf8'))
  const isHostKey = /^node\/sshd\/ssh_host_ed25519_key$/
  run.secrets.push(keySecret('the SSH host key', hostKey.privateKey, isHostKey))
}
