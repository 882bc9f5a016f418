/** Another user moves, links and swaps while a bot makes its destination and publishes to it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startChild } from '../e2e/harness/child.ts'
import { CHECKOUT, runOk, testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { ATTACKER, act, asUser, OWNER, ROOT, SharedPlace } from './harness/users.ts'

const PUBLISH = `${CHECKOUT}/test/host/harness/publish.ts`
const COUNT = 150

/** What the owner's program did, while `attack` ran, in JavaScript with the paths in `paths`. */
async function race(mode: string, paths: readonly string[], attack: string) {
  const script = `const fs = require('node:fs'); const paths = process.argv.slice(1); let won = 0
    const attempt = (act) => { try { act(); won++ } catch {} }
    console.log('at it'); for (;;) { ${attack} }`
  const words = asUser(ATTACKER, [process.execPath, '-e', script, ...paths])
  await using attacker = startChild(words, { env: testEnvironment('/nonexistent') })
  await waitFor(() => attacker.stdout !== '', { what: 'the attacker' })
  const owner = asUser(OWNER, [process.execPath, PUBLISH, mode, ...paths])
  const { stdout } = await runOk(owner, { timeoutMs: 120_000 })
  const outcome: unknown = JSON.parse(stdout)
  assert.ok(typeof outcome === 'object' && outcome !== null)
  return outcome as { readonly published: number; readonly refused: number }
}

/** No key is where the attacker could read it, none in what is his. */
async function assertNothingLost(place: SharedPlace): Promise<void> {
  const readable = `find ${place.path} -name ssh_key -type f -readable 2>/dev/null || :`
  assert.equal(await act(ATTACKER, readable), '')
  assert.equal(await act(ROOT, `find ${place.join('attacker')} -name 'ssh_*'`), '')
  const inOthers = `find ${place.path} -name ssh_key -type f ! -user ${OWNER.uid}`
  assert.equal(await act(ROOT, inOthers), '')
}

describe('a race for the name of a destination in a directory like /tmp', () => {
  for (const [what, attack] of [
    [
      'links',
      "const to = paths[0] + '/../../attacker'; for (const p of paths) attempt(() => fs.symlinkSync(to, p))",
    ],
    ['directories', 'for (const p of paths) attempt(() => fs.mkdirSync(p, { mode: 0o777 }))'],
    [
      'one after the other',
      `for (const p of paths) { attempt(() => fs.mkdirSync(p, { mode: 0o777 })); attempt(() => fs.rmdirSync(p)); attempt(() => fs.symlinkSync('/tmp', p)); attempt(() => fs.unlinkSync(p)) }`,
    ],
    [
      'renames',
      "for (const p of paths) { attempt(() => fs.renameSync(p, p + 'x')); attempt(() => fs.renameSync(p + 'x', p)) }",
    ],
  ] as const) {
    it(`gives the attacker nothing: ${what}`, async () => {
      using place = new SharedPlace()
      const paths = Array.from({ length: COUNT }, (_, n) => place.join(`shared/certs-${n}`))
      const { published, refused } = await race('once', paths, attack)
      assert.equal(published + refused, COUNT)
      await assertNothingLost(place)
    })
  }
})

describe('a race on what is above a destination', () => {
  it('gives the attacker nothing: he swaps his own directory and a link to it', async () => {
    using place = new SharedPlace()
    await act(ATTACKER, `mkdir -m 777 ${place.join('attacker/way')}`)
    const paths = Array.from({ length: COUNT }, (_, n) => place.join(`attacker/way/certs-${n}`))
    const way = place.join('attacker/way')
    const { published } = await race(
      'once',
      paths,
      `attempt(() => fs.renameSync('${way}', '${way}2')); attempt(() => fs.symlinkSync('${place.join('owner')}', '${way}'));
       attempt(() => fs.unlinkSync('${way}')); attempt(() => fs.renameSync('${way}2', '${way}'))`,
    )
    assert.equal(published, 0)
    await assertNothingLost(place)
  })

  it('and publications go on, whatever is done around them', async () => {
    using place = new SharedPlace()
    const path = place.directory('shared/certs', OWNER, 0o700)
    const { published } = await race(
      'often',
      [path],
      `for (const p of ['${path}', '${path}/.current', '${path}/.generations', '${path}/ssh_key', '${path}/..current.new']) {
         attempt(() => fs.renameSync(p, '${place.join('attacker/moved')}')); attempt(() => fs.unlinkSync(p))
         attempt(() => fs.symlinkSync('${place.join('attacker')}', p)); attempt(() => fs.linkSync(p, '${place.join('attacker/linked')}'))
       }`,
    )
    assert.equal(published, 100)
    await assertNothingLost(place)
  })
})
