import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { systemClock } from '../base/clock.ts'
import type { Check } from './health.ts'
import { type DiagAddress, type DiagSource, serveDiagnostics } from './server.ts'

const ANY: DiagAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }
const WELL: readonly Check[] = [{ name: 'store' }, { name: 'listener' }]
const ILL: readonly Check[] = [
  { name: 'store', problem: 'no commit\nsucceeds', hint: 'free some space' },
  { name: 'listener' },
]

function source(checks: readonly Check[], metrics = async () => 'a 1\n'): DiagSource {
  return { live: () => ({ checks: WELL }), ready: () => ({ checks }), metrics }
}

async function open(checks = WELL, metrics?: () => Promise<string>, clock = new FakeClock()) {
  const server = await serveDiagnostics(ANY, source(checks, metrics), clock)
  assert.ok(server.address.kind === 'tcp')
  const { port } = server.address
  return {
    port,
    get: (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

describe('the server of diagnostics', () => {
  it('says in words that all is well, or what is not', async () => {
    await using well = await open()
    const answer = await well.get('/readyz')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(await answer.text(), 'ready\nstore: ok\nlistener: ok\n')

    await using ill = await open(ILL)
    const problem = await ill.get('/readyz')
    assert.equal(problem.status, 503)
    assert.equal(
      await problem.text(),
      'not ready\nstore: no commit succeeds\nhint: free some space\nlistener: ok\n',
    )
    const alive = await ill.get('/livez')
    assert.deepEqual([alive.status, await alive.text()], [200, 'live\nstore: ok\nlistener: ok\n'])
  })

  it('says the same as JSON to whoever asks for that', async () => {
    await using ill = await open(ILL)
    const expected = {
      status: 'not ready',
      checks: [
        { name: 'store', ok: false, problem: 'no commit\nsucceeds', hint: 'free some space' },
        { name: 'listener', ok: true },
      ],
    }
    const accepting = await ill.get('/readyz', {
      headers: { accept: 'text/html, application/json' },
    })
    assert.deepEqual([accepting.status, await accepting.json()], [503, expected])
    assert.deepEqual(await (await ill.get('/readyz?format=json')).json(), expected)
  })

  it('answers GET and HEAD alone, and knows three paths', async () => {
    await using well = await open()
    const head = await well.get('/metrics', { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '4'])
    assert.equal(await head.text(), '')
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await well.get('/metrics', { method })
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'])
    }
    for (const path of ['/', '/metrics/', '/livez/..%2f', '//metrics']) {
      assert.equal((await well.get(path)).status, 404)
    }
  })

  it('computes metrics once for all who ask within a second, and answers 500 where that fails', async () => {
    const clock = new FakeClock()
    let computed = 0
    const metrics = async () => {
      computed += 1
      if (computed === 3) throw new Error('secret reason')
      return `a ${computed}\n`
    }
    await using server = await open(WELL, metrics, clock)
    const texts = await Promise.all(
      [1, 2, 3].map(async () => (await server.get('/metrics')).text()),
    )
    assert.deepEqual(texts, ['a 1\n', 'a 1\n', 'a 1\n'])
    clock.advance(1_000)
    assert.equal(await (await server.get('/metrics')).text(), 'a 2\n')
    clock.advance(1_000)
    const failed = await server.get('/metrics')
    assert.deepEqual([failed.status, await failed.text()], [500, 'internal error\n'])
  })

  it('bounds what a client can send, and how many clients there are', async () => {
    await using server = await open()
    const big = await server.get('/metrics', { headers: { padding: 'x'.repeat(9_000) } })
    assert.equal(big.status, 431)

    const idle = Array.from({ length: 64 }, () => connect(server.port, '127.0.0.1'))
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    const refused = connect(server.port, '127.0.0.1')
    refused.on('error', () => {})
    await once(refused, 'close')
    for (const socket of idle) socket.destroy()
  })

  it('lets go of a client that never finishes its request', async () => {
    const limits = { connections: 4, requestMs: 300, idleMs: 60_000, headerBytes: 4_096 }
    const { address, ...server } = await serveDiagnostics(ANY, source(WELL), systemClock, limits)
    assert.ok(address.kind === 'tcp')
    const slow = connect(address.port, '127.0.0.1')
    slow.on('error', () => {})
    slow.write('GET /metrics HTTP/1.1\r\nHost: x\r\n')
    slow.resume()
    await once(slow, 'close')
    await server[Symbol.asyncDispose]()
  })

  it('serves on a unix socket, for its owner and group', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mezite-diag-'))
    const path = join(directory, 'diag.sock')
    const server = await serveDiagnostics({ kind: 'unix', path }, source(WELL), new FakeClock())
    assert.equal((await stat(path)).mode & 0o777, 0o660)
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    request({ socketPath: path, path: '/livez', agent: false }, ({ statusCode }) =>
      resolve(statusCode),
    ).end()
    assert.equal(await promise, 200)
    await server[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  it('names the address that is taken, and the flag', async () => {
    await using server = await open()
    const taken: DiagAddress = { kind: 'tcp', host: '127.0.0.1', port: server.port }
    await assert.rejects(serveDiagnostics(taken, source(WELL), new FakeClock()), {
      code: 'address-in-use',
      hint: /--diag-addr/,
    })
  })
})
