import assert from 'node:assert/strict'
import { it } from 'node:test'
import { environmentName, kebabCase } from '../base/parameter.ts'
import { mezctl } from './mezctl/program.ts'
import { mezd } from './mezd/program.ts'
import { mezhub } from './mezhub/program.ts'
import { msh } from './msh/program.ts'
import { environmentForOthers, SECRET_VARIABLES, withoutSecrets } from './own-secrets.ts'
import { type Entry, isGroup, type Verb } from './verb.ts'

function verbsOf(entry: Entry): readonly Verb[] {
  return isGroup(entry) ? entry.verbs.flatMap(verbsOf) : [entry]
}

it('every secret of every verb is covered, as a flag and as a variable', () => {
  const secrets = [mezhub, mezd, mezctl, msh]
    .flatMap(verbsOf)
    .flatMap((verb) => Object.entries(verb.parameters))
    .filter(([, parameter]) => parameter.secret)
  assert.ok(secrets.length >= 3)
  for (const [key, parameter] of secrets) {
    const flag = `--${kebabCase(key)}`
    assert.deepEqual(withoutSecrets([flag, 'x', '--other=x']), [flag, '...', '--other=x'])
    assert.deepEqual(withoutSecrets([`${flag}=x`]), [`${flag}=...`])
    const name = environmentName(key, parameter, true) ?? ''
    assert.ok(SECRET_VARIABLES.includes(name), name)
  }
})

it('a command line without secrets stays as it is', () => {
  assert.equal(withoutSecrets(['identity', 'start', '--join-token-file=x']), undefined)
})

it('other programs get the environment without them', () => {
  const env = { PATH: '/bin', MEZITE_JOIN_TOKEN: 'x', NOTHING: undefined }
  assert.deepEqual(environmentForOthers(env), { PATH: '/bin' })
})
