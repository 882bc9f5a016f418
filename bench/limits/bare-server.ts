/** Starts the signing server, with a CA and a client's certificate that are as Mezite's. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { drawKey } from '../../src/identity/identity.ts'
import { createCertificateAuthority, createX509Signer } from '../../src/x509/authority.ts'
import { issueClientCertificate, issueServerCertificate } from '../../src/x509/issue.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import { type Child, startChild } from '../../test/e2e/harness/child.ts'
import type { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { testEnvironment } from '../../test/e2e/harness/run.ts'
import type { Target } from '../load/work.ts'
import type { SigningSettings } from './signing-server.ts'

const SERVER = join(import.meta.dirname, 'signing-server.ts')

export interface BareServer extends AsyncDisposable {
  readonly pid: number
  readonly target: Omit<Target, 'keepsConnections'>
}

/** @param subjects how many clients call at once */
export async function startBareServer(
  directory: TemporaryDirectory,
  subjects: number,
): Promise<BareServer> {
  const { settings, client } = createIdentities()
  const file = directory.join('signing-server.json')
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 })
  const child: Child = startChild([process.execPath, SERVER, file], {
    env: testEnvironment(directory.path),
  })
  const [, port] = await child.waitForStderr(/listening on (\d+)/)
  const request = Buffer.alloc(250).toString('base64')
  return {
    pid: child.pid,
    target: {
      port: Number(port),
      protocol: 'bare',
      subjects: Array.from({ length: subjects }, () => ({ ...client, request })),
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

function createIdentities() {
  const now = systemClock.now()
  const validity = { notBeforeMs: now - DAY, notAfterMs: now + DAY }
  const serial = () => systemRandom.bytes(16)
  const pem = (key: ReturnType<typeof drawKey>) =>
    key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const [caKey, serverKey, clientKey] = [drawKey(), drawKey(), drawKey()]
  const clusterId = systemRandom.uuid()
  const ca = createCertificateAuthority({
    clusterName: clusterId,
    privateKey: caKey,
    serial: serial(),
    validity,
  })
  const signer = createX509Signer(ca.der, caKey)
  const server = issueServerCertificate(
    {
      ...{ spki: spkiOfPrivateKey(serverKey), serial: serial(), validity },
      ...{ dnsNames: [], ipAddresses: [] },
    },
    signer,
  )
  const client = issueClientCertificate(
    {
      ...{ spki: spkiOfPrivateKey(clientKey), serial: serial(), validity },
      identity: {
        ...{ kind: 'bot', clusterId, name: 'bench' },
        ...{ instanceId: systemRandom.uuid(), generation: 1n },
      },
    },
    signer,
  )
  const settings: SigningSettings = {
    chain: server.pem + ca.pem,
    privateKey: pem(serverKey),
    ca: ca.pem,
    caKey: pem(caKey),
  }
  return { settings, client: { certificate: client.pem, privateKey: pem(clientKey) } }
}
