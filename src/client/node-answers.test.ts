import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { CLUSTER_ID, INSTANCE_ID } from '../../test/fakes/tls.ts'
import { IssuedNodeSchema, WatchNodeResponseSchema } from '../gen/mezite/v1/node_pb.js'
import { toTimestamp } from '../rpc/times.ts'
import { readIssuedNode, readNodeUpdate } from './node-answers.ts'

const trust = {
  clusterId: CLUSTER_ID,
  tlsCa: [Buffer.of(1)],
  userCa: [Buffer.of(2)],
  hostCa: [Buffer.of(3)],
}
const FULL = { full: true, hasLocks: true, trust }
const ISSUED = {
  name: 'web-1',
  instanceId: INSTANCE_ID,
  generation: 1n,
  identityCertificate: Buffer.of(4),
  hostCertificate: Buffer.of(5),
  trust,
  hubTime: toTimestamp(7),
}

const update = (init: MessageInitShape<typeof WatchNodeResponseSchema>) =>
  readNodeUpdate(create(WatchNodeResponseSchema, init))
const issued = (init: MessageInitShape<typeof IssuedNodeSchema>) =>
  readIssuedNode(create(IssuedNodeSchema, init))

describe('an update of a node', () => {
  it('is read as plain values', () => {
    const {
      locks,
      groups,
      trust: read,
    } = update({
      ...FULL,
      groups: [{ id: 'g', grants: [{ login: 'deploy', pty: true }], principals: ['bot:ci'] }],
      locks: [
        { target: { case: 'bot', value: 'ci' } },
        { target: { case: 'instance', value: { id: INSTANCE_ID, bot: 'ci' } } },
        { target: { case: 'node', value: 'web-1' } },
        { target: { case: 'role', value: 'r' } },
        { target: { case: 'login', value: 'deploy' } },
        {},
      ],
    })
    assert.deepEqual(locks, [
      { kind: 'bot', bot: 'ci' },
      { kind: 'instance', instanceId: INSTANCE_ID },
      { kind: 'node', node: 'web-1' },
      { kind: 'role', role: 'r' },
      { kind: 'login', login: 'deploy' },
    ])
    const grant = {
      login: 'deploy',
      pty: true,
      portForwarding: false,
      fileCopy: false,
      sourceCidrs: [],
      forceCommand: undefined,
    }
    assert.deepEqual(groups, [{ id: 'g', grants: [grant], principals: ['bot:ci'] }])
    assert.deepEqual(read?.hostCas, [Buffer.of(3)])
  })

  it('tells what stays as it was from what is empty now', () => {
    assert.equal(update({}).locks, undefined)
    assert.equal(update({ locks: [{ target: { case: 'bot', value: 'ci' } }] }).locks, undefined)
    assert.deepEqual(update({ hasLocks: true }).locks, [])
    assert.equal(update({}).trust, undefined)
  })

  it('is refused where something is missing that whoever obeys it needs', () => {
    for (const broken of [
      { full: true, hasLocks: true },
      { full: true, trust },
      { ...FULL, trust: { ...trust, userCa: [] } },
      { groups: [{ grants: [] }] },
      { groups: [{ id: 'g', grants: [{}] }] },
      { memberships: [{ added: ['bot:ci'] }] },
      { hasLocks: true, locks: [{ target: { case: 'login', value: '' } as const }] },
      { hasLocks: true, locks: [{ target: { case: 'instance', value: { id: 'x' } } as const }] },
    ]) {
      assert.throws(() => update(broken), { code: 'bad-answer' }, JSON.stringify(broken))
    }
  })
})

describe('what is issued to a node', () => {
  it('is whole, or refused', () => {
    const { hostCertificate, hubTime, generation } = issued(ISSUED)
    assert.deepEqual([hostCertificate, hubTime, generation], [Buffer.of(5), 7, 1n])
    const { hubTime: _, ...timeless } = ISSUED
    for (const broken of [
      timeless,
      { ...ISSUED, name: '' },
      { ...ISSUED, instanceId: 'x' },
      { ...ISSUED, generation: 0n },
      { ...ISSUED, hostCertificate: Buffer.of() },
      { ...ISSUED, trust: { ...trust, tlsCa: [] } },
    ]) {
      assert.throws(() => issued(broken), { code: 'bad-answer' })
    }
    assert.throws(() => readIssuedNode(undefined), { code: 'bad-answer' })
  })
})
