/**
 * A PostgreSQL server of one's own, in a directory that goes with it: a unix socket that trusts
 * everybody on this machine, and TCP with TLS and passwords. Debian's programs, as the user `postgres`
 * where the tests run as root.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VERSIONS = '/usr/lib/postgresql'

export interface ClusterOptions {
  /** More lines for postgresql.conf. */
  readonly settings?: readonly string[]
}

export class PostgresCluster {
  readonly directory: string
  readonly port: number
  readonly #user: { readonly uid?: number; readonly gid?: number }
  #databases = 0

  private constructor(directory: string, port: number) {
    this.directory = directory
    this.port = port
    this.#user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  }

  static async start({ settings = [] }: ClusterOptions = {}): Promise<PostgresCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'mezite-postgres-'))
    const cluster = new PostgresCluster(directory, await freePort())
    try {
      cluster.#initialise(settings)
      cluster.start()
      cluster.sql('CREATE ROLE mezite LOGIN')
    } catch (error) {
      cluster.remove()
      throw error
    }
    return cluster
  }

  /** The certificate of the server, which is its own root. */
  get rootCertificate(): string {
    return join(this.directory, 'server.crt')
  }

  /** Through the socket, with nothing to be verified. */
  uri(database: string, user = 'mezite'): string {
    return `postgres://${user}@${encodeURIComponent(this.directory)}:${this.port}/${database}`
  }

  start(): void {
    this.#run('pg_ctl', '-D', this.#data, '-l', join(this.directory, 'log'), '-w', 'start')
  }

  /** As by a power cut, or so that sessions are ended in order. */
  stop(mode: 'immediate' | 'fast'): void {
    this.#run('pg_ctl', '-D', this.#data, '-m', mode, '-w', 'stop')
  }

  /** What the statements print, as the superuser. */
  sql(statements: string, database = 'postgres'): string {
    return this.#run(
      ...['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-h', this.directory, '-p', String(this.port)],
      ...['-U', 'postgres', '-d', database, '-c', statements],
    )
  }

  /** A database that belongs to the role `mezite`. Returns its name. */
  createDatabase(): string {
    this.#databases += 1
    const name = `test_${this.#databases}`
    this.sql(`CREATE DATABASE ${name} OWNER mezite TEMPLATE template0`)
    return name
  }

  /** Makes the store in the database an empty one, which is quicker than a new database. */
  emptyStore(database: string): void {
    this.sql(
      `DO $$ DECLARE it text; BEGIN
         SET LOCAL session_replication_role = replica;
         FOR it IN SELECT tablename FROM pg_tables WHERE schemaname = 'mezite' LOOP
           IF it <> 'hub' THEN EXECUTE 'DELETE FROM mezite.' || it; END IF;
         END LOOP;
         UPDATE mezite.hub SET change_sequence = 0;
       END $$`,
      database,
    )
  }

  remove(): void {
    spawnSync(program('pg_ctl'), ['-D', this.#data, '-m', 'immediate', '-w', 'stop'], this.#user)
    rmSync(this.directory, { recursive: true, force: true })
  }

  get #data(): string {
    return join(this.directory, 'data')
  }

  #initialise(settings: readonly string[]): void {
    const { uid, gid } = this.#user
    if (uid !== undefined && gid !== undefined) chownSync(this.directory, uid, gid)
    this.#run(
      'initdb',
      '-D',
      this.#data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    )
    const [key, certificate] = [join(this.directory, 'server.key'), this.rootCertificate]
    this.#runAs('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', key, '-out', certificate],
    ])
    appendFileSync(
      join(this.#data, 'postgresql.conf'),
      [
        `port = ${this.port}`,
        `listen_addresses = '127.0.0.1'`,
        `unix_socket_directories = '${this.directory}'`,
        'ssl = on',
        `ssl_cert_file = '${certificate}'`,
        `ssl_key_file = '${key}'`,
        'fsync = off',
        'max_connections = 200',
        'shared_buffers = 32MB',
        ...settings,
        '',
      ].join('\n'),
    )
    const rules = [
      'local all all trust',
      'hostssl all all 127.0.0.1/32 scram-sha-256',
      'local replication all trust',
      '',
    ]
    writeFileSync(join(this.#data, 'pg_hba.conf'), rules.join('\n'))
  }

  #run(name: string, ...args: readonly string[]): string {
    return this.#runAs(program(name), args)
  }

  #runAs(path: string, args: readonly string[]): string {
    return execFileSync(path, args, {
      ...this.#user,
      cwd: this.directory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
}

function program(name: string): string {
  const [version = ''] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))
  return join(VERSIONS, version, 'bin', name)
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }))
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => void server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
