/**
 * The least that a renewal can cost on this machine: the same TLS and the same two signatures,
 * Ed25519 and ECDSA P-256, and nothing else. Reads its settings from the file that it is given.
 */
import { constants, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
import { createServer, type TlsOptions } from 'node:tls'
import { z } from 'zod'
import { encodeBare, readBare } from '../load/bare-call.ts'

export const signingSettings = z.strictObject({
  /** PEM, the CA's behind it. */
  chain: z.string(),
  /** PKCS #8 PEM. */
  privateKey: z.string(),
  ca: z.string(),
  /** Of the CA: it signs. PKCS #8 PEM. */
  caKey: z.string(),
})

export type SigningSettings = z.output<typeof signingSettings>

/** As many octets as are signed for an SSH and an X.509 certificate, and as a reply has. */
const SSH_BODY = 500
const X509_BODY = 420
const REPLY = 1_600

function serve(settings: SigningSettings): void {
  const x509Key = createPrivateKey(settings.caKey)
  const { privateKey: sshKey } = generateKeyPairSync('ed25519')
  const sshBody = randomBytes(SSH_BODY)
  const x509Body = randomBytes(X509_BODY)
  const filling = randomBytes(REPLY)

  const server = createServer(tlsOptions(settings), (socket) => {
    // A client that goes is no failure.
    socket.on('error', () => {})
    readBare(socket, () => {
      const signatures = [sign(null, sshBody, sshKey), sign('sha256', x509Body, x509Key)]
      const taken = signatures.reduce((sum, { length }) => sum + length, 0)
      socket.write(encodeBare(Buffer.concat([...signatures, filling.subarray(taken)])))
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const bound = server.address()
    writeSync(2, `listening on ${typeof bound === 'object' ? bound?.port : bound}\n`)
  })
}

/** As the hub has them. */
function tlsOptions({ privateKey, chain, ca }: SigningSettings): TlsOptions {
  return {
    key: privateKey,
    cert: chain,
    ca,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    ALPNProtocols: ['h2'],
  }
}

const [file] = process.argv.slice(2)
if (import.meta.main && file !== undefined) {
  serve(signingSettings.parse(JSON.parse(readFileSync(file, 'utf8'))))
}
