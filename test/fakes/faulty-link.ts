/**
 * A stretch of network that goes wrong as it is told: a proxy for TCP between a program and a hub.
 * What it is told counts for the connections that come afterwards, `cut` and `freeze` for all.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { SECOND, systemClock } from '../../src/base/clock.ts'
import type { HubAddress } from '../../src/client/identity-hub.ts'

/** As the one who connects sees it: what it sends goes up. */
export type Direction = 'up' | 'down'

/** How a connection goes on once it has come to its cut. */
export type Ending =
  /** Both ends are told in good order. */
  | 'close'
  /** Both ends are told rudely: RST. */
  | 'reset'
  /** Nobody is told anything, and nothing more comes through. */
  | 'silence'
  /** This direction has its end, the other goes on. */
  | 'half-close'

export interface Cut {
  readonly direction: Direction
  /** What still comes through. */
  readonly afterBytes: number
  readonly ending: Ending
}

export interface LinkFault {
  readonly cut?: Cut
  /** Of each piece of data. */
  readonly delayMs?: number
  /** Of each direction. */
  readonly bytesPerSecond?: number
}

export class FaultyLink implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #held = new Set<Socket>()
  readonly #recorded: Buffer[] = []
  #target: HubAddress
  #isFrozen = false
  /** For the next connections. */
  fault: LinkFault = {}
  /** Connections so far, and those that are open. */
  accepted = 0
  /** Bytes that have come through since the last `forget`. */
  readonly passed: Record<Direction, number> = { up: 0, down: 0 }

  constructor(server: Server, target: HubAddress) {
    this.#server = server
    this.#target = target
    server.on('connection', (socket) => this.#accept(socket))
  }

  static async open(target: HubAddress, listen?: HubAddress): Promise<FaultyLink> {
    const server = createServer({ allowHalfOpen: true })
    const link = new FaultyLink(server, target)
    await link.listen(listen?.port, listen?.host)
    return link
  }

  get port(): number {
    const bound = this.#server.address()
    if (bound !== null && typeof bound === 'object') return bound.port
    throw new Error('nothing listens')
  }

  get address(): HubAddress {
    return { host: '127.0.0.1', port: this.port }
  }

  /** Connections that whoever made them has not closed. */
  get held(): number {
    return this.#held.size
  }

  /** What the client has sent on the connections of so far. */
  get recorded(): Buffer {
    return Buffer.concat(this.#recorded)
  }

  forget(): void {
    this.#recorded.length = 0
    this.passed.up = 0
    this.passed.down = 0
  }

  /** The same address leads elsewhere from now on. */
  leadTo(target: HubAddress): void {
    this.#target = target
  }

  /** Nothing comes through any more, and nobody is told; until `thaw`, also on new connections. */
  freeze(): void {
    this.#isFrozen = true
  }

  /** New connections come through again; those that were frozen stay dead. */
  thaw(): void {
    this.#isFrozen = false
  }

  /** Ends every connection. */
  cut(how: 'close' | 'reset'): void {
    for (const socket of this.#sockets) end(socket, how)
  }

  /** Connections are refused until `listen`. */
  async refuse(port = this.port): Promise<number> {
    this.#server.close()
    this.cut('reset')
    await once(this.#server, 'close')
    return port
  }

  async listen(port = 0, host = '127.0.0.1'): Promise<void> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
  }

  #accept(client: Socket): void {
    this.accepted += 1
    this.#keep(client)
    this.#held.add(client)
    for (const event of ['end', 'close']) client.once(event, () => this.#held.delete(client))
    if (this.#isFrozen) {
      client.resume()
      return
    }
    const hub = this.#keep(connect({ ...this.#target, allowHalfOpen: true }))
    const { fault } = this
    const line: Line = { isSilent: () => this.#isFrozen || line.isCut, isCut: false }
    const note = (direction: Direction) => (through: Buffer) => {
      this.passed[direction] += through.length
      if (direction === 'up') this.#recorded.push(through)
    }
    void forward({ line, from: client, to: hub, direction: 'up', fault, note: note('up') })
    void forward({ line, from: hub, to: client, direction: 'down', fault, note: note('down') })
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#isFrozen = true
    for (const socket of this.#sockets) socket.destroy()
    if (this.#server.listening) await once(this.#server, 'close')
  }
}

/** One connection, in both directions. */
interface Line {
  isSilent(): boolean
  isCut: boolean
}

interface Flow {
  readonly line: Line
  readonly from: Socket
  readonly to: Socket
  readonly direction: Direction
  readonly fault: LinkFault
  readonly note: (through: Buffer) => void
}

async function forward({ line, from, to, direction, fault, note }: Flow): Promise<void> {
  const { cut, delayMs = 0, bytesPerSecond } = fault
  let left = cut?.direction === direction ? cut.afterBytes : Number.POSITIVE_INFINITY
  let isHalfClosed = false
  try {
    for await (const data of from) {
      const pause = delayMs + (bytesPerSecond ? (data.length / bytesPerSecond) * SECOND : 0)
      if (pause > 0) await systemClock.sleep(pause)
      // What comes is lost, as in a network that drops it; that it ends is noticed.
      if (line.isSilent()) continue
      if (isHalfClosed) continue
      const through = data.subarray(0, left)
      left -= through.length
      note(through)
      to.write(through)
      if (left > 0 || cut === undefined) continue
      if (cut.ending === 'half-close') {
        to.end()
        isHalfClosed = true
        continue
      }
      line.isCut = true
      if (cut.ending === 'silence') continue
      for (const socket of [from, to]) end(socket, cut.ending)
      return
    }
    if (!line.isSilent() && !isHalfClosed) to.end()
  } catch {
    // It was reset, or has gone: so has the other end.
    if (!line.isSilent()) end(to, 'reset')
  }
}

function end(socket: Socket, how: 'close' | 'reset'): void {
  if (socket.destroyed) return
  if (how === 'reset') socket.resetAndDestroy()
  else socket.destroySoon()
}

/** Sends these bytes on a connection of their own, and resolves to what came back once that is over. */
export async function replay(bytes: Buffer, target: HubAddress): Promise<Buffer> {
  const socket = connect({ ...target })
  const answer: Buffer[] = []
  socket.on('data', (data: Buffer) => answer.push(data))
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close').catch(() => {})
  return Buffer.concat(answer)
}
