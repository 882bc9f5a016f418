import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { FakeIdentityHub } from '../../test/fakes/identity-hub.ts'
import { HOUR } from '../base/clock.ts'
import type { IssuedIdentity } from '../client/identity-hub.ts'
import { publicKeyFrom } from '../ssh/public-key.ts'
import { acceptIssued, type Question } from './accept.ts'
import { drawKey, type Identity } from './identity.ts'

const hub = { host: 'hub.example', port: 3025 }
const fake = new FakeIdentityHub(new FakeClock())

async function issue(): Promise<{ issued: IssuedIdentity; question: Question }> {
  const question = {
    hub,
    tokenId: '',
    identityKey: drawKey(),
    sshKey: drawKey(),
    previous: undefined,
  }
  const issued = await fake.join(fake.newToken(), {
    identityKey: question.identityKey,
    sshPublicKey: publicKeyFrom(question.sshKey).blob,
    certificateTtlMs: undefined,
    renewalIntervalMs: undefined,
  })
  return { issued, question }
}

describe('acceptIssued', () => {
  it('takes what was asked for', async () => {
    const { issued, question } = await issue()
    const identity = acceptIssued(issued, question)
    assert.equal(identity.instanceId, issued.instanceId)
    assert.equal(identity.sshKeySince, issued.hubTime)
  })

  it('refuses everything else', async () => {
    const { issued, question } = await issue()
    const other = await issue()
    const accepted = acceptIssued(issued, question)
    const before = (change: Partial<Identity>): Question => ({
      ...question,
      previous: { ...accepted, generation: 0n, ...change },
    })
    acceptIssued(issued, before({}))
    const strangerCa = publicKeyFrom(drawKey()).blob
    const cases: readonly [string, IssuedIdentity, Question][] = [
      ['another identity key', issued, { ...question, identityKey: drawKey() }],
      ['another SSH key', issued, { ...question, sshKey: drawKey() }],
      [
        'another SSH certificate',
        { ...issued, sshCertificate: other.issued.sshCertificate },
        question,
      ],
      ['garbage', { ...issued, sshCertificate: Buffer.from('x') }, question],
      ['no certificate', { ...issued, identityCertificate: Buffer.alloc(0) }, question],
      ['another generation', { ...issued, generation: 2n }, question],
      ['another bot', { ...issued, bot: 'other' }, question],
      ['another User CA', { ...issued, userCas: [strangerCa] }, question],
      ['no Host CA', { ...issued, hostCas: [] }, question],
      ['no TLS CA', { ...issued, tlsCas: [] }, question],
      ['a certificate that has ended', { ...issued, hubTime: issued.hubTime + HOUR }, question],
      ['an old generation', issued, before({ generation: 1n })],
      ['another instance', issued, before({ instanceId: other.issued.instanceId })],
      ['another cluster', issued, before({ clusterId: other.issued.instanceId })],
    ]
    for (const [what, answer, asked] of cases) {
      assert.throws(() => acceptIssued(answer, asked), { code: 'bad-issue' }, what)
    }
  })
})
