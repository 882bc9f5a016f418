import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { mezctl } from '../mezctl/program.ts'
import { runInTest } from '../testing/run-in-test.ts'

const directory = mkdtempSync(join(tmpdir(), 'mezite-completion-'))
after(() => rmSync(directory, { recursive: true }))

async function script(shell: string): Promise<string> {
  const { code, stdout } = await runInTest(mezctl, ['completion', shell])
  assert.equal(code, 0)
  const path = join(directory, `mezctl.${shell}`)
  writeFileSync(path, stdout)
  return path
}

function shell(name: string, argv: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(name, argv, { encoding: 'utf8', cwd: directory })
  assert.equal(stderr, '')
  assert.equal(status, 0)
  return stdout.split('\n').filter(Boolean)
}

describe('completion for bash', () => {
  /** What bash offers for the last of these words. */
  async function offered(...words: readonly string[]): Promise<readonly string[]> {
    const program = `
      source "$1"; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      _mezctl_completion
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const argv = ['--norc', '-c', program, 'bash', await script('bash'), 'mezctl', ...words]
    return shell('bash', argv)
  }

  it('is registered for the program', async () => {
    const argv = ['--norc', '-c', 'source "$1"; complete -p mezctl', 'bash', await script('bash')]
    assert.deepEqual(shell('bash', argv), ['complete -F _mezctl_completion mezctl'])
  })

  it('offers verbs, and verbs of verbs', async () => {
    assert.ok((await offered('')).includes('bots'))
    assert.deepEqual(await offered('bo'), ['bots'])
    assert.deepEqual(await offered('bots', 'r'), ['rotate-token', 'readmit', 'rm'])
    assert.deepEqual(await offered('--format', 'json', 'roles', 'va'), ['validate'])
  })

  it('offers flags and their values', async () => {
    assert.deepEqual(await offered('bots', 'add', '--tok'), ['--token-ttl', '--token-uses'])
    assert.deepEqual(await offered('ca', 'export', '--type', ''), ['user', 'host', 'tls'])
    assert.deepEqual(await offered('ca', 'export', '--type', '=', 'h'), ['host'])
    assert.deepEqual(await offered('ca', 'export', '--type', '='), ['user', 'host', 'tls'])
    assert.deepEqual(await offered('bots', 'add', '--name', ''), [])
    assert.deepEqual(await offered('--ver'), ['--version'])
  })

  it('offers files where files are expected', async () => {
    writeFileSync(join(directory, 'role one.yaml'), '')
    assert.deepEqual(await offered('roles', 'create', '--from-file', 'role'), ['role one.yaml'])
  })
})

// The other shells are packages of their names.
it('completion for fish offers verbs, flags and values', async () => {
  const path = await script('fish')
  const offered = (line: string) =>
    shell('fish', ['--no-config', '-c', `source ${path}; complete -C '${line}'`])
      .map((it) => it.split('\t')[0])
      .sort()
  assert.deepEqual(offered('mezctl bots r'), ['readmit', 'rm', 'rotate-token'])
  assert.deepEqual(offered('mezctl bots add --token-'), ['--token-ttl', '--token-uses'])
  assert.deepEqual(offered('mezctl ca export --type '), ['host', 'tls', 'user'])
})

it('completion for zsh is read and registered', async () => {
  const program = 'autoload -Uz compinit; compinit -D; source $1; print $_comps[mezctl]'
  const argv = ['-f', '-c', program, 'zsh', await script('zsh')]
  assert.deepEqual(shell('zsh', argv), ['_mezctl'])
})
