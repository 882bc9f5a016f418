/**
 * Where a PostgreSQL server is, as libpq's connection URIs say it
 * (https://www.postgresql.org/docs/15/libpq-connect.html): several hosts are tried in their order, and
 * TLS is verified in full unless `sslmode` says otherwise. A URI with a password is refused: it would
 * stand in process lists, shell histories and logs.
 */
import { isIP } from 'node:net'
import { StoreError } from '../../storage.ts'

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

export interface PostgresHost {
  /** A name, an IP address, or the directory of a unix socket. */
  readonly host: string
  readonly port: number
}

export interface PostgresAddress {
  readonly hosts: readonly PostgresHost[]
  readonly database: string
  readonly user: string
  readonly sslMode: SslMode
  /** PEM files. */
  readonly sslRootCert: string | undefined
  readonly sslCert: string | undefined
  readonly sslKey: string | undefined
  readonly passFile: string | undefined
  readonly connectTimeoutMs: number
}

const PARAMETERS = [
  'host',
  'port',
  'dbname',
  'user',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'passfile',
  'connect_timeout',
] as const
type Name = (typeof PARAMETERS)[number]

const DEFAULT_PORT = 5432
const DEFAULT_SOCKETS = '/var/run/postgresql'
const DEFAULT_CONNECT_TIMEOUT = '10'
const FORM = /^postgres(?:ql)?:\/\/(?:([^@/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/

/** @param user who connects where the URI doesn't say. @throws StoreError `unavailable` */
export function parsePostgresUri(uri: string, user: string): PostgresAddress {
  // Nothing of what was given is repeated: there may be a password in it.
  const match = FORM.exec(uri)
  if (!match) throw refused('is not one', 'write postgres://USER@HOST:PORT/DATABASE')
  const [, userInfo = '', hostList = '', path = '', query = ''] = match
  if (userInfo.includes(':')) throw passwordGiven()
  const given = parametersOf(query)
  const database = given.get('dbname') ?? decode(path)
  if (database === '') throw refused('names no database', 'write postgres://USER@HOST/DATABASE')
  const sslMode = given.get('sslmode') ?? 'verify-full'
  return {
    hosts: hostsOf(hostList, given),
    database,
    user: given.get('user') ?? (decode(userInfo) || user),
    sslMode: SSL_MODES.find((known) => known === sslMode) ?? unknownMode(),
    sslRootCert: given.get('sslrootcert'),
    sslCert: given.get('sslcert'),
    sslKey: given.get('sslkey'),
    passFile: given.get('passfile'),
    connectTimeoutMs: secondsOf(given.get('connect_timeout') ?? DEFAULT_CONNECT_TIMEOUT) * 1_000,
  }
}

/** The URI without what isn't needed to recognise it. */
export function formatPostgresAddress({ hosts, database, user }: PostgresAddress): string {
  const list = hosts.map(formatPostgresHost).join(',')
  return `postgres://${encodeURIComponent(user)}@${list}/${encodeURIComponent(database)}`
}

export function formatPostgresHost({ host, port }: PostgresHost): string {
  return `${isIP(host) === 6 ? `[${host}]` : isSocket(host) ? encodeURIComponent(host) : host}:${port}`
}

/** Whether it is a unix socket's directory. */
export function isSocket(host: string): boolean {
  return host.startsWith('/')
}

function parametersOf(query: string): ReadonlyMap<Name, string> {
  const found = new Map<Name, string>()
  for (const pair of query.split('&').filter((it) => it !== '')) {
    const [key = '', value = ''] = pair.split('=').map(decode)
    if (key === 'password') throw passwordGiven()
    const name = PARAMETERS.find((known) => known === key)
    if (name === undefined) {
      throw refused(`has an unknown parameter, "${key}"`, `known are ${PARAMETERS.join(', ')}`)
    }
    found.set(name, value)
  }
  return found
}

function hostsOf(list: string, given: ReadonlyMap<Name, string>): readonly PostgresHost[] {
  const port = portOf(given.get('port') ?? String(DEFAULT_PORT))
  const named = given.get('host')?.split(',') ?? list.split(',').map(decode)
  return named.map((text) => {
    const [, bracketed, plain, ownPort] = /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? []
    const host = bracketed ?? plain
    if (host === undefined) throw refused(`has "${text}" for a host`, 'write HOST or HOST:PORT')
    return {
      host: host === '' ? DEFAULT_SOCKETS : host,
      port: ownPort === undefined ? port : portOf(ownPort),
    }
  })
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw refused(`has "${text}" for a port`, 'write 1 to 65535')
  return port
}

function secondsOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw refused(`has "${text}" for connect_timeout`, 'write a number of seconds')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refused('has a % that encodes nothing', 'write %25 for it')
  }
}

function unknownMode(): never {
  throw refused('has an sslmode that is not one', `write one of ${SSL_MODES.join(', ')}`)
}

function passwordGiven(): StoreError {
  return refused(
    'holds a password',
    'leave it out, and give it with --store-password-file, MEZITE_STORE_PASSWORD or a passfile',
  )
}

function refused(what: string, hint: string): StoreError {
  return new StoreError('unavailable', 'store', `the URI of the store ${what}`, { hint })
}
