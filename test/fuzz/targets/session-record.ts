import assert from 'node:assert/strict'
import { RECORD_END, RECORD_HEADER } from '../../../src/node/session-hook.ts'
import type { SessionRecord } from '../../../src/node/session-record.ts'
import { parseRecord, sessionOf } from '../../../src/node/session-record.ts'
import { parsePublicKeyLine, publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { keyOf } from '../../../src/ssh/testing/keys.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { FakeNodeHub } from '../../fakes/node-hub.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf } from '../engine/target.ts'

const HUB = new FakeNodeHub(new FakeClock())

/** A record of the spool, as the hook leaves it: the login's own words are in it. */
export const sessionRecord: FuzzTarget = {
  name: 'session-record',
  largest: 16_384,
  words: [RECORD_HEADER, RECORD_END, 'open_session', 'close_session', 'publickey ', '\n\nend\n'],
  mutations: TEXT_MUTATIONS,
  seeds: async () => {
    const { line } = HUB.issueUser(publicKeyFrom(keyOf('ssh-ed25519')))
    const [type, base64] = line.split(' ')
    const monitor = { pid: 4_711, startTicks: 98_765n }
    const connection = '192.0.2.7 50000 192.0.2.1 22'
    const who = { login: 'deploy', address: '192.0.2.7', monitor, connection }
    const record = { kind: 'open', ...who } as const
    const records: readonly SessionRecord[] = [
      { ...record, methods: [`publickey ${type} ${base64}`] },
      { ...record, kind: 'close', methods: ['password', 'publickey ssh-rsa AAAA'] },
      { ...record, address: '', connection: '', methods: [] },
    ]
    return records.map((it) => Buffer.from(encode(it)))
  },
  run(input) {
    const record = parseRecord(textOf(input))
    if (record === 'partial' || record === 'alien') return 'refused'
    assert.deepEqual(parseRecord(encode(record)), record)
    const origin = { time: 1, bootId: 'boot', userCas: [HUB.trust.userCas].flat().map(readKey) }
    const session = sessionOf(record, origin)
    if (session !== undefined) {
      assert.match(session.bot, /^[a-z0-9._-]+$/)
      assert.ok(!session.login.includes('\n') && session.certificateSerial > 0n)
    }
    return 'accepted'
  },
}

function readKey(blob: Buffer) {
  return parsePublicKeyLine(`ssh-ed25519 ${blob.toString('base64')}`).key
}

function encode(record: SessionRecord): string {
  const { kind, login, address, monitor, connection, methods } = record
  const lines = [RECORD_HEADER, `${kind}_session`, login, address, String(monitor.pid)]
  const ticks = String(monitor.startTicks)
  return [...lines, ticks, connection, ...methods, RECORD_END, ''].join('\n')
}
