import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { optional, required, withDefault } from '../base/parameter.ts'
import { boolean, duration, text } from '../base/value-kind.ts'
import { CliError } from './cli-error.ts'
import { ExitStatus, Interrupted } from './invocation.ts'
import { formatJson, formatParameter } from './output-format.ts'
import { runInTest } from './testing/run-in-test.ts'
import { defineVerb, type Program } from './verb.ts'

const show = defineVerb({
  name: 'show',
  summary: 'show what was given',
  description: 'Shows it.',
  parameters: {
    name: required(text('NAME'), { help: 'a name', short: 'n' }),
    every: withDefault(duration, '20m', { help: 'how often' }),
    token: optional(text('TOKEN'), { help: 'a token', secret: true }),
    pause: optional({ ...duration, alone: '1s' }, { help: 'how long to pause' }),
    color: withDefault(boolean, 'true', { help: 'colors' }),
    region: optional(text('REGION'), { help: 'where' }),
    ...formatParameter,
  },
  positional: ['name'],
  rest: { name: 'COMMAND', help: 'what to run', verbatim: true },
  configurable: true,
  async run(values, { stdout }, { rest }) {
    stdout.write(formatJson({ ...values, rest }))
  },
})

const failures: Record<string, () => never> = {
  refused: () => {
    throw new CliError('not-found', 'no such\u001b[2J thing', { hint: 'look\nelsewhere' })
  },
  defect: () => {
    throw new TypeError('x is not a function')
  },
  child: () => {
    throw new ExitStatus(42)
  },
}

const fail = defineVerb({
  name: 'fail',
  summary: 'fail',
  description: 'Fails.',
  parameters: { how: required(text('HOW'), { help: 'how', env: null }), ...formatParameter },
  async run({ how }, { signal }) {
    signal.throwIfAborted()
    failures[how]?.()
  },
})

const serve = defineVerb({
  ...fail,
  name: 'serve',
  longRunning: true,
  async run({ how }, { signal }) {
    if (how === 'defect') failures['defect']?.()
    signal.throwIfAborted()
  },
})

const program: Program = {
  name: 'prog',
  summary: 'a program',
  description: 'A program.',
  globals: { region: optional(text('REGION'), { help: 'where' }) },
  verbs: [
    { name: 'things', summary: 'things', description: 'Things.', verbs: [show] },
    fail,
    serve,
  ],
}

const run = (argv: readonly string[], world = {}) => runInTest(program, argv, world)

async function shown(argv: readonly string[], world = {}) {
  const { code, stdout, stderr } = await run(['things', 'show', ...argv], world)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

describe('a verb', () => {
  it('gets its values from flags and positional arguments alike', async () => {
    assert.equal((await shown(['a'])).name, 'a')
    assert.equal((await shown(['--name', 'a'])).name, 'a')
    assert.equal((await shown(['--name=a'])).name, 'a')
    assert.equal((await shown(['-n', 'a'])).name, 'a')
    const twice = await run(['things', 'show', '--name=a', 'b'])
    assert.equal(twice.stderr.split('\n')[0], 'error: --name: more than one value')
  })

  it('has switches that can be turned off', async () => {
    assert.equal((await shown(['a'])).color, true)
    assert.equal((await shown(['--no-color', 'a'])).color, false)
    assert.equal((await shown(['a'], { env: { MEZITE_COLOR: 'false' } })).color, false)
  })

  it('has flags that mean something without their value', async () => {
    assert.equal((await shown(['a'])).pause, undefined)
    assert.equal((await shown(['--pause', '--name=a'])).pause, 1_000)
    assert.equal((await shown(['--pause=2s', 'a'])).pause, 2_000)
    const { stdout } = await run(['things', 'show', '--help'])
    assert.match(stdout, /^ +--pause \[DURATION\] /m)
  })

  it('leaves alone what follows its arguments', async () => {
    assert.deepEqual((await shown(['a', 'ls', '-la', '--name=x'])).rest, ['ls', '-la', '--name=x'])
  })

  it('takes global flags from before it', async () => {
    const { stdout } = await run(['--region=eu', 'things', 'show', 'a'])
    assert.equal(JSON.parse(stdout).region, 'eu')
    const nearer = await run(['--region=eu', 'things', 'show', '--region=us', 'a'])
    assert.equal(JSON.parse(nearer.stdout).region, 'us')
  })

  it('reads a secret from standard input', async () => {
    assert.equal((await shown(['a', '--token-file=-'], { input: 's\n' })).token, undefined)
    assert.equal((await shown(['--token-file=-', 'a'], { input: 's\n' })).token, 's')
  })

  it('reads a configuration file, which a variable can name', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mezite-run-'))
    await writeFile(join(directory, 'p.yaml'), 'every: 5m\nname: a\n')
    const world = { cwd: directory }
    assert.equal((await shown(['--config', 'p.yaml'], world)).every, 300_000)
    const env = { MEZITE_CONFIG: join(directory, 'p.yaml') }
    assert.equal((await shown([], { env })).every, 300_000)
    await rm(directory, { recursive: true })
    const gone = await run(['things', 'show', '--config=p.yaml'], world)
    assert.equal(gone.code, 7)
    assert.match(
      gone.stderr,
      /^error: can't read the configuration file: .*\nhint: --config names it/,
    )
  })
})

describe('a failure', () => {
  it('is an error line and its hint, with nothing that a terminal would act on', async () => {
    assert.deepEqual(await run(['fail', '--how=refused']), {
      code: 4,
      stdout: '',
      stderr: 'error: no such\\u{1b}[2J thing\nhint: look\n      elsewhere\n',
    })
  })

  it('is JSON where JSON was asked for', async () => {
    const { stderr } = await run(['fail', '--how=refused', '--format=json'])
    assert.deepEqual(JSON.parse(stderr), {
      error: { code: 'not-found', message: 'no such\u001b[2J thing', hint: 'look\nelsewhere' },
    })
    const usage = await run(['fail', '--hoow=x', '--format', 'json'])
    assert.equal(JSON.parse(usage.stderr).error.code, 'usage')
  })

  it('of our own making is called a defect, with its stack on demand', async () => {
    const { code, stderr } = await run(['fail', '--how=defect'])
    assert.equal(code, 1)
    assert.match(stderr, /^error: internal failure: x is not a function\nhint: .*MEZITE_DEBUG=1/)
    assert.ok(!stderr.includes('run.test.ts'))
    const debugged = await run(['fail', '--how=defect'], { env: { MEZITE_DEBUG: '1' } })
    assert.match(debugged.stderr, /run\.test\.ts/)
  })

  it('of a program that was run has its exit code and no words', async () => {
    assert.deepEqual(await run(['fail', '--how=child']), { code: 42, stdout: '', stderr: '' })
  })

  it('by a signal is quiet and has the exit code of shells', async () => {
    for (const [name, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const signal = AbortSignal.abort(new Interrupted(name))
      const result = await run(['fail', '--how=x'], { signal })
      assert.deepEqual(result, { code, stdout: '', stderr: '' })
    }
  })
})

describe('a verb that runs until it is stopped', () => {
  const signal = AbortSignal.abort(new Interrupted('SIGTERM'))

  it('ends well by a signal', async () => {
    const result = await run(['serve', '--how=x'], { signal })
    assert.deepEqual(result, { code: 0, stdout: '', stderr: '' })
  })

  it('reports what fails on the way down', async () => {
    const { code, stderr } = await run(['serve', '--how=defect'], { signal })
    assert.equal(code, 1)
    assert.match(stderr, /x is not a function/)
  })
})

describe('a wrong command line', () => {
  for (const [argv, error, hint] of [
    [['thing'], "unknown verb 'thing'", 'did you mean things?'],
    [['things', 'sho'], "unknown verb 'sho'", 'did you mean show?'],
    [['fail', '--hoe=x'], "unknown flag '--hoe'", 'did you mean --how?'],
    [['fail', '--zzzzzzzz'], "unknown flag '--zzzzzzzz'", 'see prog --help'],
    [['fail', 'extra', '--how=x'], 'too many arguments', 'see prog --help'],
    [['fail', '--formaat=a-secret'], "unknown flag '--formaat'", 'did you mean --format?'],
    [['fail'], '--how is missing', 'how: --how=HOW'],
    [['fail', '--how'], "option '--how <HOW>' argument missing", 'see prog --help'],
  ] as const) {
    it(`is explained: ${argv.join(' ')}`, async () => {
      const { code, stderr } = await run(argv)
      const [first = '', second = ''] = stderr.split('\n')
      assert.equal(code, 2)
      assert.ok(first.startsWith(`error: ${error}`), first)
      assert.equal(second, `hint: ${hint}`)
      assert.ok(!stderr.includes('a-secret'))
    })
  }

  it('without a verb gets the help, as an error', async () => {
    for (const argv of [[], ['things']]) {
      const { code, stdout, stderr } = await run(argv)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /^Usage: prog/)
    }
  })
})

describe('help', () => {
  it('names each flag with its default, variable and key', async () => {
    const { code, stdout } = await run(['things', 'show', '--help'])
    assert.equal(code, 0)
    const flat = stdout.replace(/\s+/g, ' ')
    for (const expected of [
      'Usage: prog things show [flags] NAME [COMMAND...]',
      '--every <DURATION> how often (default: 20m; MEZITE_EVERY)',
      '-n, --name <NAME> a name (required; MEZITE_NAME)',
      '--token-file <FILE> read the token from a file; - is standard input (MEZITE_TOKEN_FILE)',
      '--no-color',
      '--config <FILE>',
      'Exit codes: 0 success',
    ]) {
      assert.ok(flat.includes(expected), `${expected}\n${stdout}`)
    }
  })

  it('is also a verb', async () => {
    const asked = await run(['help', 'things', 'show'])
    assert.deepEqual(asked, await run(['things', 'show', '--help']))
  })
})
