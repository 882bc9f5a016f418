/** Serves `/livez`, `/readyz` and `/metrics`, to whoever asks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Address, formatAddress } from '../base/address.ts'
import { type Clock, SECOND } from '../base/clock.ts'
import { addressError } from '../base/listen-error.ts'
import { listenOnSocket } from '../base/unix-socket.ts'
import { METRICS_TYPE } from './exposition.ts'
import {
  type Health,
  healthJson,
  healthText,
  isHealthy,
  LIVE,
  READY,
  type Words,
} from './health.ts'

/** A TCP address, or the path of a unix socket. */
export type DiagAddress =
  | ({ readonly kind: 'tcp' } & Address)
  | { readonly kind: 'unix'; readonly path: string }

export interface DiagSource {
  live(): Health
  ready(): Health
  /** In Prometheus's text form. */
  metrics(): Promise<string>
}

export interface DiagServer extends AsyncDisposable {
  /** With the port that was taken where port 0 was asked for. */
  readonly address: DiagAddress
}

/** What a client can make the server hold, and for how long; milliseconds, bytes. */
export interface DiagLimits {
  readonly connections: number
  readonly requestMs: number
  /** Of a connection on which nothing moves, a slow reader's too. */
  readonly idleMs: number
  readonly headerBytes: number
}

const LIMITS: DiagLimits = {
  connections: 64,
  requestMs: 5 * SECOND,
  idleMs: 10 * SECOND,
  headerBytes: 8 * 1024,
}

/** Metrics are computed once for all who ask within this time. */
const METRICS_LAST = SECOND

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** @throws ListenError */
export async function serveDiagnostics(
  where: DiagAddress,
  source: DiagSource,
  clock: Pick<Clock, 'monotonic'>,
  limits: DiagLimits = LIMITS,
): Promise<DiagServer> {
  const metrics = rememberFor(METRICS_LAST, () => source.metrics(), clock)
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.requestMs / 5,
    },
    (request, response) => {
      answer(request, source, metrics).then(
        (it) => send(request, response, it),
        () => send(request, response, plain(500, 'internal error')),
      )
    },
  )
  server.maxConnections = limits.connections
  server.setTimeout(limits.idleMs)
  const address = await listen(server, where)
  return {
    address,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  request: IncomingMessage,
  source: DiagSource,
  metrics: () => Promise<string>,
): Promise<Answer> {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'only GET and HEAD')
  }
  switch (path) {
    case '/livez':
      return health(source.live(), LIVE, wantsJson(request, query))
    case '/readyz':
      return health(source.ready(), READY, wantsJson(request, query))
    case '/metrics':
      return { status: 200, type: METRICS_TYPE, body: await metrics() }
    default:
      return plain(404, 'there are /livez, /readyz and /metrics')
  }
}

function health(it: Health, words: Words, asJson: boolean): Answer {
  const status = isHealthy(it) ? 200 : 503
  return asJson
    ? { status, type: 'application/json', body: healthJson(it, words) }
    : { status, type: 'text/plain; charset=utf-8', body: healthText(it, words) }
}

function wantsJson({ headers }: IncomingMessage, query: string): boolean {
  return query === 'format=json' || /\bapplication\/json\b/.test(headers.accept ?? '')
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, type, body } = answer
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    // A body that was sent along isn't read: the next request can't be told from it.
    ...(status === 405 && { Allow: 'GET, HEAD', Connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

/** One computation at a time, whose result is good for a while. */
function rememberFor<T>(
  milliseconds: number,
  compute: () => Promise<T>,
  clock: Pick<Clock, 'monotonic'>,
): () => Promise<T> {
  let last: { readonly until: number; readonly value: Promise<T> } | undefined
  return () => {
    if (last === undefined || clock.monotonic() >= last.until) {
      last = { until: clock.monotonic() + milliseconds, value: compute() }
    }
    return last.value
  }
}

async function listen(server: Server, where: DiagAddress): Promise<DiagAddress> {
  if (where.kind === 'unix') {
    await listenOnSocket(server, where.path, 0o660)
    return where
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: where.host, port: where.port }, resolve)
  try {
    await promise
  } catch (error) {
    throw addressError(formatAddress(where), error, '--diag-addr')
  } finally {
    server.off('error', reject)
  }
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : where.port
  return { ...where, port }
}
