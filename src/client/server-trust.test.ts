import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { answerTls, createTestCa, serverCredential } from '../../test/fakes/tls.ts'
import { serverTrust } from './server-trust.ts'

const ca = createTestCa()

/** The certificate that Node would hand to `checkServerIdentity`. */
async function certificateFor(dnsName: string) {
  const names = { dnsNames: [dnsName] }
  await using server = await answerTls(serverCredential(ca, undefined, names))
  const socket: TLSSocket = connect({ ...server.address, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerCertificate()
  socket.destroy()
  // Leave the name of the host alone, as a public CA would.
  return { ...certificate, subjectaltname: `DNS:${dnsName}` }
}

describe('behind public roots, the hub', () => {
  const trust = serverTrust({ kind: 'system' }, 'hub.example.com')

  it('must have a certificate for the host dialled', async () => {
    const good = await certificateFor('hub.example.com')
    assert.equal(trust.checkServerIdentity('ignored', good), undefined)
    const bad = await certificateFor('other.example.com')
    assert.ok(trust.checkServerIdentity('other.example.com', bad) instanceof Error)
  })

  it('is asked for by the name of the host, and by its own where that is an address', () => {
    assert.equal(trust.serverName, 'hub.example.com')
    assert.equal(serverTrust({ kind: 'system' }, '::1').serverName, 'hub.mezite.internal')
  })
})

describe("behind the cluster's own CA, the hub", () => {
  const trust = serverTrust({ kind: 'tls-ca', certificates: [ca.der] }, 'hub.example.com')

  it('must have its own name, and no other will do', async () => {
    const good = await certificateFor('hub.mezite.internal')
    assert.equal(trust.checkServerIdentity('hub.example.com', good), undefined)
    const bad = await certificateFor('hub.example.com')
    assert.ok(trust.checkServerIdentity('hub.example.com', bad) instanceof Error)
  })
})
