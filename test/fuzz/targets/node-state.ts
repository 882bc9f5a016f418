import assert from 'node:assert/strict'
import { parseAgentProgress } from '../../../src/node/agent-progress.ts'
import {
  encodeEvent,
  encodeSession,
  parseEvent,
  parseSession,
} from '../../../src/node/event-file.ts'
import { acceptIssuedNode } from '../../../src/node/node-accept.ts'
import {
  encodeNodeIdentity,
  encodePendingNode,
  parseNodeIdentity,
  parsePendingNodeJoin,
  parsePendingNodeRenewal,
} from '../../../src/node/node-identity-file.ts'
import { publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { keyOf } from '../../../src/ssh/testing/keys.ts'
import { createTestKey } from '../../../src/x509/test-cluster.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { FakeNodeHub } from '../../fakes/node-hub.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf } from '../engine/target.ts'
import { JSON_WORDS, readState } from './identity-state.ts'

/** Any file of a node's state directory. */
export const nodeState: FuzzTarget = {
  name: 'node-state',
  largest: 16_384,
  words: [...JSON_WORDS, '"kind": "end"', '"locked"', '0x10', '"startTicks": "7"'],
  mutations: TEXT_MUTATIONS,
  seeds,
  run(input) {
    const text = textOf(input)
    const identity = readState(text, parseNodeIdentity)
    if (identity !== undefined) {
      const written = encodeNodeIdentity(identity)
      const again = readState(written, parseNodeIdentity)
      assert.ok(again !== undefined && encodeNodeIdentity(again) === written)
    }
    const join = readState(text, parsePendingNodeJoin)
    const renewal = readState(text, parsePendingNodeRenewal)
    const progress = readState(text, parseAgentProgress)
    const event = parseEvent(text)
    if (event !== undefined) assert.deepEqual(parseEvent(encodeEvent(event)), event)
    const session = parseSession(text)
    if (session !== undefined) assert.deepEqual(parseSession(encodeSession(session)), session)
    const found = [identity, join, renewal, progress, event, session]
    return found.some((it) => it !== undefined) ? 'accepted' : 'refused'
  },
}

async function seeds(): Promise<readonly Buffer[]> {
  const hub = new FakeNodeHub(new FakeClock())
  const { privateKey: identityKey } = createTestKey()
  const hostKey = publicKeyFrom(keyOf('ssh-ed25519'))
  const tokenId = 'ab'.repeat(32)
  const issued = await hub.joinNode(hub.newToken(), {
    identityKey,
    hostPublicKey: hostKey.blob,
    node: { name: 'web-1', labels: {}, hosts: ['web-1'], port: 22, sshdVersion: '9.2p1' },
  })
  const address = { host: 'hub.example', port: 3025 }
  const keys = { identityKey, hostKey }
  const question = { ...keys, hub: address, tokenId, name: 'web-1', previous: undefined }
  const identity = acceptIssuedNode(issued, question)
  const { instanceId } = identity
  const who = { login: 'deploy', bot: 'ci', instanceId, certificateSerial: 7n, address: '::1' }
  const monitor = { pid: 4_711, startTicks: 12_345n }
  const lost = { connection: '::1 50000 ::1 22', isLost: true }
  const texts = [
    encodeNodeIdentity(identity),
    encodePendingNode({ ...keys, purpose: 'join', tokenId }),
    encodePendingNode({ ...keys, purpose: 'renewal', instanceId, generation: 7n }),
    encodeEvent({ kind: 'start', sessionId: 'ab', time: 1, ...who }),
    encodeEvent({ kind: 'end', sessionId: 'ab', time: 1, reason: 'locked' }),
    encodeSession({ id: 'ab', bootId: instanceId, monitor, ...lost, startedAt: 1, ...who }),
    JSON.stringify({
      ...{ version: 1, connection: 'stale', connectionSince: '2026-03-24T14:20:00Z' },
      ...{ staleReason: 'x', nextRenewalAt: null, failureMessage: 'x', failureAt: null },
      ...{ filesFailure: null, appliedInMs: 1.5, sshdFiles: '/etc/ssh/mezite' },
    }),
  ]
  return texts.map((text) => Buffer.from(text))
}
