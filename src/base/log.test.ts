import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger, type LogFormat, type LogLevel } from './log.ts'

const TOKEN = `tok-bot-${'a'.repeat(56)}`

async function openLog(format: LogFormat, level: LogLevel = 'info') {
  const lines: string[] = []
  const clock = { now: () => Date.UTC(2026, 2, 24, 15) }
  const log = await createLogger({ format, level, clock, write: (text) => lines.push(text) })
  return { log, lines }
}

describe('a log', () => {
  it('for people is one short line for each entry', async () => {
    const { log, lines } = await openLog('text')
    log.warn({ address: 'hub:3025', reason: 'no route', attempt: 2 }, 'the hub is unreachable')
    assert.deepEqual(lines, [
      '2026-03-24T15:00:00.000Z warn  the hub is unreachable address=hub:3025 reason="no route" attempt=2\n',
    ])
  })

  it('for machines is one JSON document for each entry', async () => {
    const { log, lines } = await openLog('json')
    log.info({ bot: 'x' }, 'joined')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [{ level: 'info', time: '2026-03-24T15:00:00.000Z', bot: 'x', message: 'joined' }],
    )
  })

  it('leaves out what is below its level', async () => {
    const { log, lines } = await openLog('text', 'error')
    log.warn({}, 'a')
    log.error({}, 'b')
    assert.equal(lines.length, 1)
  })

  it('writes an error with its code and its causes, without a stack', async () => {
    const { log, lines } = await openLog('json')
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'X' })
    log.error({ error }, 'failed')
    assert.equal(JSON.parse(lines[0] ?? '').error, 'X: outer (inner)')
  })

  for (const format of ['text', 'json'] as const) {
    it(`redacts secrets by the name of their field and by their form (${format})`, async () => {
      const { log, lines } = await openLog(format)
      const pem = '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----'
      log.info({ joinToken: 'hunter2', inner: { passphrase: 'hunter2' } }, 'a')
      log.info({ argument: `--join-token=${TOKEN}`, text: pem }, `token ${TOKEN}`)
      const written = lines.join('')
      for (const secret of ['hunter2', TOKEN, 'MIGH']) assert.ok(!written.includes(secret), written)
      assert.match(written, /\[redacted\]/)
    })
  }

  it('for people is never broken by what it quotes', async () => {
    const { log, lines } = await openLog('text')
    log.info({ host: 'a\nb\u001b[31m' }, 'line\nline')
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^[\x20-\x7e]+\n$/)
  })
})
