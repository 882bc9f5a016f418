/** Join tokens of the right form, and no others. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { create, toBinary } from '@bufbuild/protobuf'
import { JoinRequestSchema, JoinService } from '../../../src/gen/mezite/v1/identity_pb.js'
import { methodPath } from '../../../src/rpc/method-name.ts'
import { encodeJoinToken, PIN_LENGTH, SECRET_LENGTH } from '../../../src/trust/join-token.ts'
import { newRequest } from '../../fakes/auth.ts'
import { message } from './http2-frames.ts'
import { type Attacker, connectTls } from './raw-connection.ts'

/** Joins with `count` guesses on one connection, one after the other. @returns the codes of the refusals */
export async function guess(attacker: Attacker, count: number): Promise<readonly string[]> {
  const socket = connectTls(attacker)
  const session = connect('https://hub.mezite.internal', { createConnection: () => socket })
  session.on('error', () => {})
  const { identityPublicKey, sshPublicKey, keyProof } = newRequest()
  const request = { identityPublicKey, sshPublicKey, keyProof }
  const codes: string[] = []
  for (let i = 0; i < count; i++) {
    const secret = randomBytes(SECRET_LENGTH)
    const joinToken = encodeJoinToken({ kind: 'bot', secret, pin: randomBytes(PIN_LENGTH) })
    const body = create(JoinRequestSchema, { joinToken, request })
    codes.push(await join(session, toBinary(JoinRequestSchema, body)))
  }
  session.destroy()
  return codes
}

async function join(session: ClientHttp2Session, body: Uint8Array): Promise<string> {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': methodPath(JoinService.method.join) },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  })
  stream.end(message(body))
  const [headers]: unknown[] = await once(stream, 'response')
  stream.destroy()
  return String(Object(headers)['mezite-code'])
}
