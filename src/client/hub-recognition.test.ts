import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  answerTls,
  answerWith,
  createTestCa,
  freeAddress,
  serverCredential,
} from '../../test/fakes/tls.ts'
import { DAY, HOUR, systemClock } from '../base/clock.ts'
import { explainFailure, resolveTrust } from './hub-recognition.ts'
import type { HubAddress } from './identity-hub.ts'
import { serverTrust } from './server-trust.ts'

const ca = createTestCa()
const H2 = { ALPNProtocols: ['h2'] }

function byPin(address: HubAddress, more: { signal?: AbortSignal; timeoutMs?: number } = {}) {
  return resolveTrust({ kind: 'pin', pin: ca.pin }, { address, clock: systemClock, ...more })
}

describe('a hub known by its pin', () => {
  it('is followed to its CA', async () => {
    await using hub = await answerTls({ ...serverCredential(ca), ...H2 })
    const trust = await byPin(hub.address)
    assert.deepEqual(trust.authorities, [ca.der])
    assert.equal(trust.serverName, `pin-${ca.pin.toString('hex')}.hub.mezite.internal`)
  })

  it('is sent nothing but the handshake, and so is a stranger', async () => {
    const stranger = createTestCa()
    for (const owner of [ca, stranger]) {
      await using hub = await answerTls({ ...serverCredential(owner), ...H2 })
      const closed = hub.nextClosed()
      const outcome = await byPin(hub.address).catch((error: unknown) => error)
      if (owner === stranger) assert.equal(Reflect.get(Object(outcome), 'code'), 'untrusted')
      await closed
      assert.deepEqual(hub.received, [])
    }
  })

  it('is not a stranger who sends the CA along', async () => {
    const { key, cert } = serverCredential(createTestCa())
    await using hub = await answerTls({ key, cert: cert + ca.pem, ...H2 })
    await assert.rejects(byPin(hub.address), { code: 'untrusted' })
  })

  it('is told from a clock that is wrong', async () => {
    for (const from of [Date.now() + HOUR, Date.now() - 2 * DAY]) {
      const validity = { notBeforeMs: from, notAfterMs: from + DAY }
      await using hub = await answerTls({ ...serverCredential(ca, validity), ...H2 })
      await assert.rejects(byPin(hub.address), {
        code: 'clock-skew',
        message: /valid from 20\S+Z to 20\S+Z, but this machine's clock reads 20\S+Z$/,
        hint: /timedatectl/,
      })
    }
  })
})

describe('what is no hub', () => {
  const others = {
    'a web server without TLS': 'HTTP/1.1 400 Bad Request\r\n\r\n',
    'an SSH server': 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
  }
  for (const [name, banner] of Object.entries(others)) {
    it(`is ${name}`, async () => {
      await using server = await answerWith((socket) => socket.write(banner))
      await assert.rejects(byPin(server.address), { code: 'not-a-hub', hint: /3025/ })
    })
  }

  it('may be a port that closes each connection, as a hub does that is overrun', async () => {
    await using server = await answerWith((socket) => socket.end())
    await assert.rejects(byPin(server.address), {
      code: 'unreachable',
      hint: /is it the address of a hub\?.*try again/,
    })
  })

  it('is a server of TLS 1.2, or of TLS without HTTP/2', async () => {
    for (const options of [{ maxVersion: 'TLSv1.2' as const, ...H2 }, {}]) {
      await using server = await answerTls({ ...serverCredential(ca), ...options })
      await assert.rejects(byPin(server.address), { code: 'not-a-hub' })
    }
  })
})

describe('what cannot be reached', () => {
  it('says that nothing listens', async () => {
    const address = await freeAddress()
    await assert.rejects(byPin(address), { code: 'unreachable', hint: /is mezhub running/ })
  })

  it('says that the name is unknown', async () => {
    const address = { host: 'hub.invalid', port: 3025 }
    await assert.rejects(byPin(address), { code: 'unreachable', message: /hub\.invalid:3025/ })
  })

  it('says how long it waited', async () => {
    await using server = await answerWith(() => {})
    await assert.rejects(byPin(server.address, { timeoutMs: 50 }), {
      code: 'unreachable',
      message: /did not answer within 50ms/,
    })
  })

  it('is given up at once when aborted', async () => {
    await using server = await answerWith(() => {})
    const reason = new Error('stop')
    await assert.rejects(byPin(server.address, { signal: AbortSignal.abort(reason) }), reason)
    const later = new AbortController()
    const attempt = byPin(server.address, { signal: later.signal })
    later.abort(reason)
    await assert.rejects(attempt, reason)
  })
})

describe('explainFailure', () => {
  const trust = serverTrust({ kind: 'tls-ca', certificates: [ca.der] }, '127.0.0.1')
  const explain = (address: HubAddress, by = trust) =>
    explainFailure(by, { address, clock: systemClock }, new Error('it failed'))

  it('finds nothing wrong with the hub itself', async () => {
    await using hub = await answerTls({ ...serverCredential(ca), ...H2 })
    const { code, message } = await explain(hub.address)
    assert.deepEqual([code, /it failed/.test(message)], ['unreachable', true])
  })

  it('knows a stranger, and does not blame the clock for him', async () => {
    const stranger = createTestCa()
    const past = { notBeforeMs: Date.now() - 2 * DAY, notAfterMs: Date.now() - DAY }
    for (const credential of [serverCredential(stranger), serverCredential(stranger, past)]) {
      await using hub = await answerTls({ ...credential, ...H2 })
      assert.equal((await explain(hub.address)).code, 'untrusted')
    }
  })

  it('knows a wrong clock', async () => {
    const past = { notBeforeMs: Date.now() - 2 * DAY, notAfterMs: Date.now() - DAY }
    await using hub = await answerTls({ ...serverCredential(ca, past), ...H2 })
    assert.equal((await explain(hub.address)).code, 'clock-skew')
    const roots = serverTrust({ kind: 'roots', pem: ca.pem }, '127.0.0.1')
    assert.equal((await explain(hub.address, roots)).code, 'clock-skew')
  })

  it('names the reason where other roots are trusted', async () => {
    await using hub = await answerTls({ ...serverCredential(ca), ...H2 })
    const system = serverTrust({ kind: 'system' }, '127.0.0.1')
    const { code, message } = await explain(hub.address, system)
    assert.deepEqual(
      [code, /not trusted \(SELF_SIGNED_CERT_IN_CHAIN\)/.test(message)],
      ['untrusted', true],
    )
  })
})
