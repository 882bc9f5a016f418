/** A connection to the hub whose every byte is ours. */
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { ClientCredential } from '../../../src/client/identity-hub.ts'
import { HUB_SERVER_NAME } from '../../../src/x509/issue.ts'
import { tlsClient } from '../../fakes/tls.ts'
import { FRAME, frame, PREFACE } from './http2-frames.ts'

export interface Attacker {
  readonly port: number
  /** Of the loopback network, all of which is this machine's. */
  readonly address: string
  readonly credential?: ClientCredential | undefined
}

export class RawConnection implements Disposable {
  readonly socket: Socket
  readonly closed: Promise<void>
  #isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    // However it ends is as good as any, and is seen by who reads.
    socket.on('error', () => {})
    socket.resume()
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#isClosed = true
        resolve()
      }),
    )
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when the kernel has taken it, or the hub has had enough. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed || !this.socket.writable) return
    if (this.socket.write(bytes)) return
    await Promise.race([once(this.socket, 'drain'), this.closed]).catch(() => {})
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Connected, and silent. */
export async function openTcp({ port, address }: Attacker): Promise<RawConnection> {
  const connection = new RawConnection(
    connectTcp({ host: '127.0.0.1', port, localAddress: address }),
  )
  await Promise.race([once(connection.socket, 'connect').catch(() => {}), connection.closed])
  return connection
}

export function connectTls({ port, address, credential }: Attacker): TLSSocket {
  return connect({
    ...{ host: '127.0.0.1', port, localAddress: address },
    ...{ servername: HUB_SERVER_NAME, ALPNProtocols: ['h2'], rejectUnauthorized: false },
    ...(credential && tlsClient(credential)),
  })
}

/** Past the handshake, or refused. Nothing of HTTP/2 has been said. */
export async function openTls(attacker: Attacker): Promise<RawConnection> {
  const socket = connectTls(attacker)
  const connection = new RawConnection(socket)
  await Promise.race([once(socket, 'secureConnect').catch(() => {}), connection.closed])
  return connection
}

/** An HTTP/2 session whose client reads what it is sent. */
export async function openHttp2(attacker: Attacker): Promise<RawConnection> {
  const connection = await openTls(attacker)
  await connection.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)]))
  return connection
}
