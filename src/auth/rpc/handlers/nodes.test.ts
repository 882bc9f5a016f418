import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTestHub, type TestHub } from '../../../../test/fakes/hub.ts'
import { joinBot, joinNode, nodeHub, nodeRequest, to } from '../../../../test/fakes/hub-members.ts'
import { HOUR, MINUTE } from '../../../base/clock.ts'
import { fromDuration, fromTimestamp, toDuration } from '../../../rpc/times.ts'
import { parseCertificate } from '../../../ssh/certificate.ts'
import { parseJoinToken } from '../../../trust/join-token.ts'

async function instanceOf(hub: TestHub, bot: string): Promise<string> {
  const { instances } = await hub.local.bots.listInstances({ bot })
  return instances[0]?.id ?? ''
}

describe('tokens over the wire', () => {
  it('are made for nodes, listed without their values, and removed', async () => {
    await using hub = await openTestHub()
    const { token, publicAddress } = await hub.local.tokens.createToken({
      role: 'node',
      ttl: toDuration(2 * HOUR),
      uses: 3,
    })
    assert.equal(publicAddress, 'hub.example:3025')
    assert.equal(parseJoinToken(token?.value ?? '').kind, 'node')
    assert.equal(
      token?.expiresAt && fromTimestamp(token.expiresAt),
      hub.auth.clock.now() + 2 * HOUR,
    )
    const { tokens } = await hub.local.tokens.listTokens({})
    assert.deepEqual(
      tokens.map(({ id, state, usesLeft }) => [id, state, usesLeft]),
      [[token?.id, 'active', 3]],
    )
    await hub.local.tokens.deleteToken({ id: token?.id ?? '' })
    assert.deepEqual((await hub.local.tokens.listTokens({})).tokens, [])
    const late = nodeHub.joinNode(token?.value ?? '', nodeRequest('web-1').request, to(hub))
    await assert.rejects(late, { hubCode: 'token-unknown' })
    for (const role of ['', 'bot']) {
      await assert.rejects(hub.local.tokens.createToken({ role }), { hubCode: 'invalid-request' })
    }
  })
})

describe('nodes over the wire', () => {
  it('join with a token and a description, and renew', async () => {
    await using hub = await openTestHub()
    const { token } = await hub.local.tokens.createToken({ role: 'node' })
    const { privateKey, request } = nodeRequest('web-1')
    const issued = await nodeHub.joinNode(token?.value ?? '', request, to(hub))
    assert.deepEqual([issued.name, issued.generation], ['web-1', 1n])
    const { type, validPrincipals, publicKey } = parseCertificate(issued.hostCertificate)
    assert.deepEqual([type, validPrincipals], ['host', ['web-1', 'web-1.example']])
    assert.ok(publicKey.blob.equals(request.hostPublicKey))

    const credential = { privateKey, certificate: issued.identityCertificate }
    const next = nodeRequest('web-1').request
    const renewed = await nodeHub.renewNode(
      credential,
      { ...next, node: { ...next.node, port: 2222, sshdVersion: 'new\u001b[31m' } },
      to(hub),
    )
    assert.deepEqual([renewed.instanceId, renewed.generation], [issued.instanceId, 2n])
    const { nodes } = await hub.local.nodes.listNodes({})
    const [node] = nodes
    assert.deepEqual(
      [node?.labels, node?.hosts, node?.port, node?.generation, node?.state],
      [{ env: 'staging' }, ['web-1.example'], 2222, 2n, 'offline'],
    )
    assert.deepEqual(
      [node?.clientVersion, node?.sshdVersion, node?.address],
      ['9.9', 'new?[31m', '127.0.0.1'],
    )
    const copy = nodeHub.renewNode(credential, nodeRequest('web-1').request, to(hub))
    await assert.rejects(copy, { hubCode: 'generation-mismatch' })
  })

  it('are relabelled, listed by page, and removed by others and themselves', async () => {
    await using hub = await openTestHub()
    const [a] = [await joinNode(hub, 'a'), await joinNode(hub, 'b')]
    const { node } = await hub.local.nodes.updateNode({ name: 'b', labels: { env: 'dev' } })
    assert.deepEqual(node?.labels, { env: 'dev' })
    const first = await hub.local.nodes.listNodes({ pageSize: 1 })
    const second = await hub.local.nodes.listNodes({ pageToken: first.nextPageToken })
    const names = [...first.nodes, ...second.nodes].map(({ name }) => name)
    assert.deepEqual([names, second.nextPageToken], [['a', 'b'], ''])
    await nodeHub.leaveNode(a, to(hub))
    await hub.local.nodes.deleteNode({ name: 'b' })
    assert.deepEqual((await hub.local.nodes.listNodes({})).nodes, [])
    await assert.rejects(hub.local.nodes.getNode({ name: 'a' }), { hubCode: 'not-found' })
    await assert.rejects(nodeHub.leaveNode(a, to(hub)), { hubCode: 'node-removed' })
  })
})

describe('access over the wire', () => {
  it('is decided with its reason, and listed page by page', async () => {
    await using hub = await openTestHub()
    await joinBot(hub, 'ci')
    await joinNode(hub, 'web-1')
    await joinNode(hub, 'web-2')
    const check = (login: string, node = 'web-1') =>
      hub.local.access.checkAccess({ bot: 'ci', node, login })
    const { reason, maxCertificateTtl, grant, ...allowed } = await check('deploy')
    assert.deepEqual(
      [allowed.allowed, allowed.effect, allowed.by, allowed.roles],
      [true, 'allow', 'login', ['ci-deployer']],
    )
    assert.match(reason, /allowed by role "ci-deployer"/)
    assert.equal(maxCertificateTtl && fromDuration(maxCertificateTtl), HOUR)
    assert.deepEqual([grant?.login, grant?.pty, grant?.portForwarding], ['deploy', true, false])
    const denied = await check('root')
    assert.deepEqual([denied.allowed, denied.effect, denied.grant], [false, 'deny', undefined])
    assert.equal((await check('games')).effect, 'none')
    await assert.rejects(check('deploy', 'web-9'), { hubCode: 'not-found' })

    const first = await hub.local.access.listAccess({ pageSize: 1 })
    const second = await hub.local.access.listAccess({ pageToken: first.nextPageToken })
    assert.deepEqual(
      [...first.rows, ...second.rows].map(({ bot, node, grant: of }) => [bot, node, of?.login]),
      [
        ['ci', 'web-1', 'deploy'],
        ['ci', 'web-2', 'deploy'],
      ],
    )
    assert.equal(second.nextPageToken, '')
    assert.equal((await hub.local.access.listAccess({ node: 'web-2' })).rows.length, 1)
    for (const pageToken of ['%%', Buffer.from('ci').toString('base64url')]) {
      await assert.rejects(hub.local.access.listAccess({ pageToken }), {
        hubCode: 'invalid-request',
      })
    }
  })
})

describe('locks over the wire', () => {
  it('are set on whatever there is, shown, obeyed and removed', async () => {
    await using hub = await openTestHub()
    await joinBot(hub, 'ci')
    await joinNode(hub, 'web-1')
    const id = await instanceOf(hub, 'ci')
    const targets = [
      { target: { case: 'bot', value: 'ci' }, told: { case: 'bot', value: 'ci' } },
      { target: { case: 'instanceId', value: id }, told: { case: 'instance', value: id } },
      { target: { case: 'node', value: 'web-1' }, told: { case: 'node', value: 'web-1' } },
      {
        target: { case: 'role', value: 'ci-deployer' },
        told: { case: 'role', value: 'ci-deployer' },
      },
      { target: { case: 'login', value: 'deploy' }, told: { case: 'login', value: 'deploy' } },
    ] as const
    for (const { target, told } of targets) {
      const { lock } = await hub.local.locks.createLock({
        target,
        message: 'drill',
        ttl: toDuration(30 * MINUTE),
      })
      const { case: kind, value } = lock?.target ?? { case: undefined }
      const name = kind === 'instance' ? value.id : value
      assert.deepEqual({ case: kind, value: name }, told)
      assert.equal(
        lock?.expiresAt && fromTimestamp(lock.expiresAt),
        hub.auth.clock.now() + 30 * MINUTE,
      )
      const { locks } = await hub.local.locks.listLocks({})
      assert.deepEqual(locks, [lock])
      if (kind !== 'instance') {
        const access = { bot: 'ci', node: 'web-1', login: 'deploy' }
        const { effect, by } = await hub.local.access.checkAccess(access)
        assert.deepEqual([effect, by], ['lock', kind])
      }
      const removed = await hub.local.locks.deleteLock({ id: lock?.id ?? '' })
      assert.deepEqual(removed.lock, lock)
    }
    const { node } = await hub.local.nodes.getNode({ name: 'web-1' })
    assert.deepEqual(node?.locks, [])
    await assert.rejects(hub.local.locks.createLock({}), { hubCode: 'invalid-request' })
    await assert.rejects(hub.local.locks.deleteLock({ id: 'x' }), { hubCode: 'not-found' })
  })
})

describe('sessions over the wire', () => {
  it('are reported, listed, ended where their node is told, and end in the log', async () => {
    await using hub = await openTestHub()
    await joinBot(hub, 'ci')
    const node = await joinNode(hub, 'web-1')
    const time = hub.auth.clock.now()
    const start = {
      kind: 'start',
      sessionId: '100.7',
      time,
      login: 'deploy',
      bot: 'ci',
      instanceId: await instanceOf(hub, 'ci'),
      certificateSerial: 2n ** 63n + 1n,
      address: '192.0.2.9',
    } as const
    await nodeHub.reportSessions(node, [start], to(hub))
    await nodeHub.reportSessions(node, [start], to(hub))
    const { sessions } = await hub.local.sessions.listSessions({ bot: 'ci' })
    assert.deepEqual(
      sessions.map((it) => [it.id, it.node, it.login, it.certificateSerial, it.address]),
      [['web-1/100.7', 'web-1', 'deploy', 2n ** 63n + 1n, '192.0.2.9']],
    )
    assert.equal((await hub.local.status.getStatus({})).sessions, 1n)
    const end = () => hub.local.sessions.endSession({ id: 'web-1/100.7' })
    await assert.rejects(end(), { hubCode: 'node-offline' })
    const stop = new AbortController()
    const told: string[] = []
    const watching = (async () => {
      for await (const { endSessions } of nodeHub.watchNode(node, to(hub, stop.signal))) {
        told.push(...endSessions)
        if (told.length > 0) return
        await end()
      }
    })()
    await watching
    assert.deepEqual(told, ['100.7'])
    const ended = { kind: 'end', sessionId: '100.7', time, reason: 'ended' } as const
    await nodeHub.reportSessions(node, [ended, ended], to(hub))
    assert.deepEqual((await hub.local.sessions.listSessions({})).sessions, [])
    const { events } = await hub.local.audit.listEvents({ filter: { type: 'session.end' } })
    assert.equal(events.length, 1)
    assert.equal(events[0]?.actor, 'node:web-1')
  })
})
