/**
 * A relay between bots and a hub that knows where TLS records begin, and does something at exactly
 * one of them. It gives bots an address that stays while the hub comes and goes.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** `up`: to the hub. */
export type Direction = 'up' | 'down'

export interface RecordTrigger {
  readonly direction: Direction
  /** From 1, among those of connections opened since it was armed. The record itself is lost. */
  readonly number: number
  readonly act: () => void
}

const HEADER = 5

/** TLS records, whole, out of a stream of bytes. RFC 8446, 5.1. */
export class RecordSplitter {
  #rest = Buffer.alloc(0)

  take(bytes: Buffer): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const records: Buffer[] = []
    while (this.#rest.length >= HEADER) {
      const end = HEADER + this.#rest.readUInt16BE(3)
      if (this.#rest.length < end) break
      records.push(this.#rest.subarray(0, end))
      this.#rest = this.#rest.subarray(end)
    }
    return records
  }
}

export class RecordProxy implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>
  #counts: Record<Direction, number> = { up: 0, down: 0 }
  #armings = 0
  #trigger: RecordTrigger | undefined

  private constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.#server = server
    this.#sockets = sockets
    this.port = port
  }

  /** @param hubPort where the hub listens now; undefined: nowhere */
  static async open(hubPort: () => number | undefined): Promise<RecordProxy> {
    const sockets = new Set<Socket>()
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the relay has no port')
    const proxy = new RecordProxy(server, sockets, address.port)
    server.on('connection', (client) => {
      const port = hubPort()
      if (port === undefined) client.destroy()
      else proxy.#relay(client, connect(port, '127.0.0.1'))
    })
    return proxy
  }

  /** Counts anew, and connections opened from now on alone. */
  arm(trigger?: RecordTrigger): void {
    this.#armings += 1
    this.#counts = { up: 0, down: 0 }
    this.#trigger = trigger
  }

  /** The records that have passed since `arm`. */
  get counts(): Readonly<Record<Direction, number>> {
    return { ...this.#counts }
  }

  #relay(client: Socket, hub: Socket): void {
    const arming = this.#armings
    for (const [from, to, direction] of [
      [client, hub, 'up'],
      [hub, client, 'down'],
    ] as const) {
      this.#sockets.add(from)
      const splitter = new RecordSplitter()
      from.setNoDelay(true)
      from.on('data', (bytes) => {
        for (const record of splitter.take(bytes)) {
          if (arming !== this.#armings || this.#passes(direction)) to.write(record)
          else return void from.destroy()
        }
      })
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#sockets.delete(from)
      })
    }
  }

  #passes(direction: Direction): boolean {
    this.#counts[direction] += 1
    const trigger = this.#trigger
    if (trigger?.direction !== direction || trigger.number !== this.#counts[direction]) return true
    this.#trigger = undefined
    trigger.act()
    return false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
