/** A wire to PostgreSQL's socket that can be cut at one message. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the next message with the text is cut off: before it reaches the server, or its answer the hub. */
export interface Cut {
  readonly text: string
  readonly reaches: boolean
}

export class PostgresProxy {
  readonly directory = mkdtempSync(join(tmpdir(), 'mezite-proxy-'))
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  cut: Cut | undefined
  cuts = 0

  constructor(port: number, target: string) {
    this.#server = createServer((hub) => {
      const server = connect(join(target, `.s.PGSQL.${port}`))
      let isDeaf = false
      const end = () => {
        hub.destroy()
        server.destroy()
      }
      for (const socket of [hub, server]) {
        this.#sockets.add(socket)
        socket.on('error', end).on('close', end)
      }
      hub.on('data', (data) => {
        const cut = this.cut
        if (cut === undefined || !data.includes(cut.text)) {
          server.write(data)
          return
        }
        this.cut = undefined
        this.cuts += 1
        isDeaf = true
        if (!cut.reaches) return end()
        server.write(data)
        // Its answer comes once it is done.
        server.once('data', end)
      })
      server.on('data', (data) => {
        if (!isDeaf) hub.write(data)
      })
    })
    this.#server.listen(join(this.directory, `.s.PGSQL.${port}`))
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
