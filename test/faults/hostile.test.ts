/** A real hub under attack: its memory stays bounded, and an honest bot renews all the while. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { memoryOf } from '../../bench/scale/usage.ts'
import { type Cluster, startCluster } from '../e2e/harness/cluster.ts'
import { DiagnosticsClient, valueIn } from '../e2e/harness/diagnostics.ts'
import { requirePrograms } from '../e2e/harness/requirements.ts'
import { run } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { FLOODS, floodOnce, HALF_MESSAGES } from './hostile/floods.ts'
import { guess } from './hostile/guesses.ts'
import { HonestBot } from './hostile/honest-bot.ts'
import {
  type Attacker,
  openHttp2,
  openTcp,
  openTls,
  type RawConnection,
} from './hostile/raw-connection.ts'
import { IDLE, SLOW } from './hostile/slow.ts'

requirePrograms('openssl')

/** Of all that is done here, above the hub at rest; several times as much without the limits. */
const MOST_MEMORY_MB = 250
/** Flooding connections at a time, of strangers at one address and of one bot. */
const FLOODING = 2
const GUESSES_EACH = 20

const CLOSED = 'mezite_hub_connections_closed_total'
const DIAG = '--diag-addr=127.0.0.1:0'

describe('a hub under attack', () => {
  let cluster: Cluster
  let diagnostics: DiagnosticsClient
  let honest: HonestBot
  let thief: HonestBot
  let port = 0
  let atRest = 0
  let slow: Slowness

  const from = (address: string, credential?: Attacker['credential']): Attacker => ({
    ...{ port, address, credential },
  })

  before(async () => {
    slow = await Slowness.begin()
    cluster = await startCluster({ logins: ['deploy'], hubFlags: [DIAG] })
    port = cluster.hub.port
    diagnostics = await DiagnosticsClient.find(() => cluster.hub.log)
    honest = await HonestBot.join(port, await cluster.newToken())
    thief = await HonestBot.join(port, await cluster.newToken())
    await honest.renew()
    atRest = memoryOf(cluster.hub.pid).rss
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await slow?.[Symbol.asyncDispose]()
  })

  /** The attack goes on until the honest bot has renewed. */
  async function during(attack: () => Promise<unknown>): Promise<void> {
    let isRenewed = false
    const renewing = honest.renew().finally(() => {
      isRenewed = true
    })
    do await attack()
    while (!isRenewed)
    await renewing
  }

  /** How many connections the hub has closed for want of room; a second ago at least. */
  async function crowdedOut(): Promise<number> {
    const samples = await diagnostics.metrics()
    const count = (reason: string) => valueIn(samples, CLOSED, { reason }) ?? 0
    return count('crowd') + count('busy')
  }

  it('bears five hundred connections that are idle after their handshake', async () => {
    await during(async () => {
      const idle: RawConnection[] = []
      for (let round = 0; round < 10; round++) {
        const open = round % 2 === 0 ? openTls : openHttp2
        const opened = Array.from({ length: 50 }, (_, i) => open(from(`127.0.3.${1 + (i % 5)}`)))
        idle.push(...(await Promise.all(opened)))
      }
      for (const connection of idle) connection[Symbol.dispose]()
    })
    await waitFor(async () => (await crowdedOut()) > 0, {
      what: 'an address to have too many guests',
    })
  })

  for (const [name, flood] of Object.entries(FLOODS)) {
    it(`ends a flood ${name}, from a stranger and from a bot`, async () => {
      const attackers = [from('127.0.1.2'), from('127.0.1.3', thief.credential)]
      const flooding = Array.from({ length: FLOODING }, () => attackers).flat()
      await during(() => Promise.all(flooding.map((attacker) => floodOnce(attacker, flood))))
    })
  }

  it('speaks no older TLS, so that nobody shakes hands anew', async () => {
    // TLS 1.3 has no renegotiation (RFC 8446, section 4.1.2).
    for (const version of ['-tls1_2', '-tls1_1']) {
      const client = `openssl s_client -connect 127.0.0.1:${port} -alpn h2 ${version}`
      const { code, stderr } = await run(`${client} </dev/null`)
      assert.equal(code, 1)
      assert.match(stderr, /alert protocol version|no protocols available/)
    }
  })

  it('bears ten thousand idle connections from forty addresses', async () => {
    await during(async () => {
      const idle: RawConnection[] = []
      for (let round = 0; round < 100; round++) {
        const opened = Array.from({ length: 100 }, (_, i) =>
          openTcp(from(`127.0.2.${1 + (i % 40)}`)),
        )
        idle.push(...(await Promise.all(opened)))
      }
      await waitFor(() => idle.filter(({ isClosed }) => !isClosed).length <= 1_100, {
        what: 'the hub to have closed all but those that its lobby holds',
      })
      for (const connection of idle) connection[Symbol.dispose]()
    })
    // And not for their silence alone.
    await waitFor(async () => (await crowdedOut()) > 1_000, { what: 'the lobby to be full' })
  })

  it('bears three hundred connections with as many messages as they can hold', async () => {
    await during(async () => {
      const holding: RawConnection[] = []
      for (let address = 1; address <= 30; address++) {
        const attacker = from(`127.0.4.${address}`)
        const opened = await Promise.all(Array.from({ length: 10 }, () => openHttp2(attacker)))
        holding.push(...opened)
        await Promise.all(opened.map((connection) => connection.write(HALF_MESSAGES)))
      }
      for (const connection of holding) connection[Symbol.dispose]()
    })
  })

  it('tells who guesses join tokens less and less, and locks nobody out for it', async () => {
    const codes = await guess(from('127.0.0.1'), GUESSES_EACH + 5)
    assert.deepEqual(codes.slice(0, GUESSES_EACH), Array(GUESSES_EACH).fill('token-unknown'))
    assert.ok(codes.includes('rate-limited'))
    assert.deepEqual(await guess(from('127.0.5.1'), 1), ['token-unknown'], 'elsewhere')
    const told = await cluster.hub.runOk('mezctl audit ls --outcome=refused --limit=200')
    assert.equal(told.match(/token-unknown/g)?.length, GUESSES_EACH + 6, 'each is in the log')
    // From the address of the guesses.
    await honest.renew()
    const another = await HonestBot.join(port, await cluster.newToken())
    await another.renew()
  })

  it('closes what takes its time', async () => {
    await slow.ended()
  })

  it('has kept its memory, its log clean, and everybody in', async () => {
    const { peak } = memoryOf(cluster.hub.pid)
    assert.ok(peak - atRest < MOST_MEMORY_MB, `${peak.toFixed(0)} MB, ${atRest.toFixed(0)} at rest`)
    assert.doesNotMatch(cluster.hub.log, /error/i)
    await honest.renew()
    assert.deepEqual(await cluster.hub.json('mezctl locks ls'), [])
  })
})

/** Slow connections to a hub of their own, where none has to make room for others. */
class Slowness implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #connections = new Map<string, RawConnection>()

  private constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  static async begin(): Promise<Slowness> {
    const cluster = await startCluster({ logins: ['deploy'], hubFlags: [DIAG] })
    const slowness = new Slowness(cluster)
    const { port } = cluster.hub
    // Each is one more than the connections that a bearer may have.
    const bearers = [
      await HonestBot.join(port, await cluster.newToken()),
      await HonestBot.join(port, await cluster.newToken()),
    ]
    let host = 1
    for (const [name, open] of Object.entries({ ...SLOW, ...IDLE })) {
      const attacker = { port, address: `127.0.1.${++host}` }
      slowness.#connections.set(name, await open(attacker))
      if (name in IDLE) continue
      const { credential } = bearers[host % 2] ?? {}
      slowness.#connections.set(`${name} as a bot`, await open({ ...attacker, credential }))
    }
    return slowness
  }

  async ended(): Promise<void> {
    for (const [name, connection] of this.#connections) {
      await waitFor(() => connection.isClosed, {
        what: `the hub to close a connection that ${name}`,
        timeoutMs: 60_000,
      })
    }
    const diagnostics = await DiagnosticsClient.find(() => this.#cluster.hub.log)
    const closed = await diagnostics.metrics()
    assert.ok((valueIn(closed, CLOSED, { reason: 'handshake' }) ?? 0) > 0)
    assert.equal(valueIn(closed, CLOSED, { reason: 'crowd' }), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster[Symbol.asyncDispose]()
  }
}
