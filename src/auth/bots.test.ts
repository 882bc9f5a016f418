import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  callerOf,
  DEPLOYER,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { DAY, HOUR } from '../base/clock.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import { tokenState } from './tokens.ts'

const BOT = 'github-deploy'

async function withRole(auth: TestAuth): Promise<void> {
  await auth.roles.create(LOCAL, DEPLOYER)
}

function newBot(changes = {}) {
  return { name: BOT, roles: ['ci-deployer'], token: {}, ...changes }
}

describe('bots', () => {
  it('are created with a token, whose value is shown once and kept as a hash', async () => {
    await using auth = await openTestAuth()
    await withRole(auth)
    const { bot, token } = await auth.bots.create(LOCAL, newBot({ token: { ttl: HOUR } }))
    assert.match(token.value, /^tok-bot-[a-z2-7]{56}$/)
    assert.equal(token.record.expiresAt, auth.clock.now() + HOUR)
    assert.deepEqual(bot.bot.roles, ['ci-deployer'])
    assert.deepEqual(bot.access.principals, ['bot:github-deploy', 'deploy'])
    const events = await auth.context.store.audit.list({ limit: 10, bot: BOT })
    assert.deepEqual(
      events.map(({ type }) => type),
      ['token.create', 'bot.create'],
    )
    assert.ok(!JSON.stringify([bot, events]).includes(token.value))
  })

  it('refuse what is wrong with a request, each by its name', async () => {
    await using auth = await openTestAuth()
    await withRole(auth)
    await auth.bots.create(LOCAL, newBot({ name: 'taken' }))
    const cases: readonly [object, string, RegExp][] = [
      [{ name: 'taken' }, 'already-exists', /"taken"/],
      [{ name: 'Not A Name' }, 'invalid-request', /"Not A Name"/],
      [{ roles: [] }, 'invalid-request', /roles/],
      [{ roles: ['nobody'] }, 'not-found', /"nobody"/],
      [{ token: { ttl: 1 } }, 'invalid-request', /token TTL of 1ms/],
      [{ token: { uses: 0 } }, 'invalid-request', /0 uses/],
      [{ identityTtl: 31 * DAY }, 'invalid-request', /identity TTL of 31d/],
    ]
    for (const [changes, code, message] of cases) {
      await assert.rejects(auth.bots.create(LOCAL, newBot(changes)), { code, message })
    }
    assert.equal((await auth.bots.list({ limit: 10 })).length, 1, 'nothing is half done')
  })

  it('get other roles, which their next certificate carries', async () => {
    await using auth = await openTestAuth()
    await withRole(auth)
    await auth.roles.create(
      LOCAL,
      DEPLOYER.replace('ci-deployer', 'db').replace('- deploy', '- postgres'),
    )
    const { token } = await auth.bots.create(LOCAL, newBot())
    const joined = await auth.joining.join(STRANGER, token.value, newRequest())
    await auth.bots.update(LOCAL, BOT, ['db'])
    const renewed = await auth.renewal.renew(callerOf(joined), newRequest())
    const { validPrincipals } = parseCertificate(renewed.sshCertificate)
    assert.deepEqual(validPrincipals, ['bot:github-deploy', 'postgres'])
    await assert.rejects(auth.bots.update(LOCAL, BOT, []), { code: 'invalid-request' })
    await assert.rejects(auth.bots.update(LOCAL, 'nobody', ['db']), { code: 'not-found' })
  })

  it('rotate their token, which invalidates every one before', async () => {
    await using auth = await openTestAuth()
    await withRole(auth)
    await auth.bots.create(LOCAL, newBot({ token: { uses: 5 } }))
    const { token, invalidated, bot } = await auth.bots.rotateToken(LOCAL, BOT, {})
    assert.equal(invalidated, 1)
    const states = bot.tokens.map((each) => tokenState(each, auth.clock.now())).sort()
    assert.deepEqual(states, ['active', 'rotated'])
    await auth.joining.join(STRANGER, token.value, newRequest())
  })

  it('are removed with their instances and locks', async () => {
    await using auth = await openTestAuth()
    await withRole(auth)
    const { token } = await auth.bots.create(LOCAL, newBot())
    await auth.joining.join(STRANGER, token.value, newRequest())
    await auth.locks.lockBot(LOCAL, BOT, { message: '' })
    assert.equal(await auth.bots.remove(LOCAL, BOT), 1)
    assert.equal((await auth.locks.list()).length, 0)
    await assert.rejects(auth.bots.get(BOT), { code: 'not-found' })
    await assert.rejects(auth.bots.remove(LOCAL, BOT), { code: 'not-found' })
  })
})

describe('roles', () => {
  it('are kept in their canonical form and counted by revision', async () => {
    await using auth = await openTestAuth()
    const role = await auth.roles.create(LOCAL, `${DEPLOYER}\n# a comment\n`)
    assert.equal(role.name, 'ci-deployer')
    assert.equal(role.revision, 1)
    assert.ok(!role.document.includes('comment'))
    const again = await auth.roles.update(LOCAL, DEPLOYER.replace('1h', '30m'))
    assert.equal(again.revision, 2)
    assert.match((await auth.roles.get('ci-deployer')).document, /max_session_ttl: 30m/)
    await assert.rejects(auth.roles.create(LOCAL, DEPLOYER), { code: 'already-exists' })
    await assert.rejects(auth.roles.update(LOCAL, DEPLOYER.replace('ci-deployer', 'nobody')), {
      code: 'not-found',
    })
  })

  it('name line and key of a mistake', async () => {
    await using auth = await openTestAuth()
    await assert.rejects(auth.roles.create(LOCAL, DEPLOYER.replace('logins:', 'login:')), {
      code: 'invalid-request',
      message: /role:13:5: .*login.*unknown key|role:13:5: .*unknown key.*login/,
    })
  })

  it('stay while a bot has them', async () => {
    await using auth = await openTestAuth()
    await withRole(auth)
    await auth.bots.create(LOCAL, newBot())
    await assert.rejects(auth.roles.remove(LOCAL, 'ci-deployer'), { code: 'in-use' })
    await auth.bots.remove(LOCAL, BOT)
    await auth.roles.remove(LOCAL, 'ci-deployer')
    await assert.rejects(auth.roles.remove(LOCAL, 'ci-deployer'), { code: 'not-found' })
  })
})
