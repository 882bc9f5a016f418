import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER, newRequest, STRANGER } from '../../../../test/fakes/auth.ts'
import { DAY } from '../../../base/clock.ts'
import { parseJoinToken } from '../../../trust/join-token.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
before(async () => {
  hub = await startTestHub()
  await hub.mezctl(['roles', 'create', '-'], { input: DEPLOYER })
})
after(() => hub[Symbol.asyncDispose]())

const { run, runJson, refusal } = checkedRuns(() => hub)

/** Joins as the bot, on the hub itself. */
async function join(token: string): Promise<string> {
  const issued = await hub.auth.joining.join(STRANGER, token, newRequest())
  return issued.instanceId
}

describe('bots add', () => {
  it('prints the token and the command that uses it', async () => {
    const text = await run('bots', 'add', '--name=spec', '--roles=ci-deployer', '--token-ttl=1h')
    const [token = ''] = /tok-bot-[a-z2-7]+/.exec(text) ?? []
    assert.equal(parseJoinToken(token).kind, 'bot')
    assert.equal(
      text,
      `Bot created: spec (roles: ci-deployer)
Join token: ${token} (expires: 2026-03-24T15:00:00Z)

Use this token with mezd identity:
mezd identity start --auth-server=mezite.example.com:3025 --join-token=${token}
`,
    )
  })

  it('has JSON to script against', async () => {
    const added = await runJson('bots', 'add', 'json', '--roles=ci-deployer', '--token-uses=3')
    assert.equal(added.bot.name, 'json')
    assert.deepEqual(added.bot.roles, ['ci-deployer'])
    assert.equal(parseJoinToken(added.token.value).kind, 'bot')
    assert.equal(added.token.expires_at, '2026-03-24T15:00:00Z')
    assert.equal(added.token.uses, 3)
    assert.equal(added.hub.address, 'mezite.example.com:3025')
  })

  it('is refused for a name that is taken, and a role that is unknown', async () => {
    await run('bots', 'add', 'taken', '--roles=ci-deployer')
    assert.deepEqual(await refusal('bots', 'add', 'taken', '--roles=ci-deployer'), {
      exit: 5,
      code: 'already-exists',
    })
    assert.deepEqual(await refusal('bots', 'add', 'x', '--roles=nope'), {
      exit: 4,
      code: 'not-found',
    })
    assert.equal((await refusal('bots', 'add', 'No Name', '--roles=ci-deployer')).exit, 2)
  })
})

describe('bots ls', () => {
  it('has a line for each bot, or JSON', async () => {
    await run('bots', 'add', 'listed', '--roles=ci-deployer')
    assert.match(
      await run('bots', 'ls'),
      /^NAME +ROLES +INSTANCES +LAST SEEN +NEXT RENEWAL +STATE\n/,
    )
    assert.match(await run('bots', 'ls'), /^listed +ci-deployer +0 +never +- +not joined$/m)
    const bots: { name: string }[] = await runJson('bots', 'ls')
    assert.ok(bots.some(({ name }) => name === 'listed'))
  })

  it('stops at its limit', async () => {
    assert.equal((await runJson('bots', 'ls', '--limit=1')).length, 1)
  })
})

it('bots show tells all, never a token', async () => {
  const { token } = await runJson('bots', 'add', 'shown', '--roles=ci-deployer')
  const text = await run('bots', 'show', 'shown')
  assert.match(text, /^Principals: +bot:shown, deploy$/m)
  assert.match(text, new RegExp(`^${token.id} +active +1 +2026-03-24T15:00:00Z$`, 'm'))
  assert.ok(!text.includes(token.value))
  const shown = await runJson('bots', 'show', 'shown')
  assert.equal(shown.identity_ttl, '1d')
  assert.equal(shown.tokens[0].state, 'active')
  assert.deepEqual(await refusal('bots', 'show', 'nobody'), { exit: 4, code: 'not-found' })
})

it('bots instances lists who joined', async () => {
  const { token } = await runJson('bots', 'add', 'joined', '--roles=ci-deployer')
  const empty = await hub.mezctl(['bots', 'instances', 'joined'])
  assert.deepEqual([empty.code, empty.stdout], [0, ''])
  assert.match(empty.stderr, /^No instances/)
  const id = await join(token.value)
  assert.match(
    await run('bots', 'instances', 'joined'),
    new RegExp(`^${id} +ci-7 +192.0.2.7 +1 `, 'm'),
  )
  const [instance] = await runJson('bots', 'instances', 'joined')
  assert.equal(instance.generation, 1)
  assert.match(instance.certificate_serial, /^\d+$/)
  assert.match(
    await run('bots', 'ls'),
    /^joined .* 1 +2026-03-24T14:00:00Z +2026-03-24T14:\d\d:\d\dZ +active$/m,
  )
})

it('bots update replaces the roles', async () => {
  await run('bots', 'add', 'updated', '--roles=ci-deployer')
  const text = await run('bots', 'update', 'updated', '--roles=ci-deployer')
  assert.equal(text, 'Bot updated: updated (roles: ci-deployer)\n')
  assert.equal((await refusal('bots', 'update', 'updated', '--roles=nope')).exit, 4)
})

it('bots rotate-token makes a new token and says what became of the old', async () => {
  const { token } = await runJson('bots', 'add', 'rotated', '--roles=ci-deployer')
  const text = await run('bots', 'rotate-token', 'rotated')
  assert.match(text, /^Join token rotated: rotated \(invalidated: 1 token\)\nJoin token: tok-bot-/)
  assert.ok(!text.includes(token.value))
  const again = await runJson('bots', 'rotate-token', 'rotated', '--token-uses=2')
  assert.equal(again.invalidated, 1)
  assert.equal(again.token.uses, 2)
  assert.deepEqual(await refusal('bots', 'rotate-token', 'nobody'), { exit: 4, code: 'not-found' })
})

it('bots lock and unlock, and locks ls in between', async () => {
  const none = await hub.mezctl(['locks', 'ls'])
  assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'No locks.\n'])
  await run('bots', 'add', 'locked', '--roles=ci-deployer')
  assert.equal(
    await run('bots', 'lock', 'locked', '--message=key\u001b[0m seen', '--ttl=2h'),
    'Bot locked: locked (until 2026-03-24T16:00:00Z)\n',
  )
  assert.match(
    await run('locks', 'ls'),
    /^\S+ +bot locked +key\\u\{1b\}\[0m seen +2026-03-24T14:00:00Z +local /m,
  )
  const [lock] = await runJson('locks', 'ls')
  assert.deepEqual(
    [lock.bot, lock.instance_id, lock.message],
    ['locked', null, 'key\u001b[0m seen'],
  )
  assert.match(await run('bots', 'ls'), /^locked .* locked$/m)
  assert.equal(await run('bots', 'unlock', 'locked'), 'Bot unlocked: locked (1 lock removed)\n')
  assert.deepEqual(await runJson('locks', 'ls'), [])
  assert.equal((await refusal('bots', 'lock', 'nobody')).exit, 4)
  assert.equal((await refusal('bots', 'unlock', 'nobody')).exit, 4)
})

it('bots rm asks nothing and says what went', async () => {
  const { token } = await runJson('bots', 'add', 'removed', '--roles=ci-deployer')
  await join(token.value)
  const text = await run('bots', 'rm', 'removed')
  assert.equal(
    text,
    'Bot removed: removed (1 instance; certificates that are out end by themselves)\n',
  )
  assert.deepEqual(await refusal('bots', 'rm', 'removed'), { exit: 4, code: 'not-found' })
})

describe('bots readmit', () => {
  it('takes the instance that has expired, shows it, and takes it back', async () => {
    await using own = await startTestHub()
    const mezctl = checkedRuns(() => own)
    await own.mezctl(['roles', 'create', '-'], { input: DEPLOYER })
    const { token } = await mezctl.runJson('bots', 'add', 'off', '--roles=ci-deployer')
    const { instanceId } = await own.auth.joining.join(STRANGER, token.value, newRequest())
    assert.deepEqual(await mezctl.refusal('bots', 'readmit', 'off'), {
      exit: 2,
      code: 'invalid-request',
    })
    await own.clock.sleep(DAY)
    assert.match(await mezctl.run('bots', 'instances', 'off'), / expired$/m)
    assert.equal(
      await mezctl.run('bots', 'readmit', 'off'),
      `Readmitted: off, instance ${instanceId} (once, until 2026-03-25T14:10:00Z)
Its daemon tries again within a minute; on the machine, a reload makes it try at once.
`,
    )
    assert.match(
      await mezctl.run('bots', 'show', 'off'),
      new RegExp(
        `^READMITTED +UNTIL +BY +USED\n${instanceId} +2026-03-25T14:10:00Z +local +not yet$`,
        'm',
      ),
    )
    const { readmissions } = await mezctl.runJson(
      ...['bots', 'readmit', 'off', `--instance=${instanceId}`, '--ttl=1h'],
    )
    assert.deepEqual(readmissions, [
      {
        instance_id: instanceId,
        created_at: '2026-03-25T14:00:00Z',
        created_by: 'local',
        expires_at: '2026-03-25T15:00:00Z',
        used_at: null,
      },
    ])
    assert.equal(
      await mezctl.run('bots', 'readmit', 'off', '--cancel'),
      'Readmission cancelled: off (1 instance)\n',
    )
    const { cancelled } = await mezctl.runJson('bots', 'readmit', 'off', '--cancel')
    assert.deepEqual(cancelled, [])
    assert.equal((await mezctl.refusal('bots', 'readmit', 'off', '--cancel', '--ttl=1h')).exit, 2)
    assert.equal((await mezctl.refusal('bots', 'readmit', 'nobody')).exit, 4)
  })
})
