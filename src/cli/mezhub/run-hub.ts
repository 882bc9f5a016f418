/** The hub in the real world: opens the store, the CAs and the doors, and closes them in turn. */
import { createAuth } from '../../auth/auth.ts'
import { openAuthorities } from '../../auth/authorities.ts'
import { decideAndCommit } from '../../auth/commit.ts'
import { eventByHub } from '../../auth/context.ts'
import { CONNECTION_LIMITS, mostConnections } from '../../auth/rpc/connection-limits.ts'
import { createHubServer } from '../../auth/rpc/server.ts'
import { createKeySealer } from '../../auth/sealed-key.ts'
import { type WatchedStore, watchStore } from '../../auth/watched-store.ts'
import { formatAddress } from '../../base/address.ts'
import { formatTime, SECOND } from '../../base/clock.ts'
import { MeziteError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { isHealthy } from '../../diag/health.ts'
import { hubSocket } from '../data-directory.ts'
import type { Invocation } from '../invocation.ts'
import { openLog } from '../log-parameters.ts'
import { reloadOnSignal } from '../service/reload.ts'
import { Service } from '../service/service.ts'
import { Settings } from '../service/settings.ts'
import { version } from '../version.ts'
import { auditOptions } from './audit-options.ts'
import type { HubDiagnostics } from './diagnostics.ts'
import { HubHealth } from './hub-health.ts'
import { makeDataDirectory } from './make-data-directory.ts'
import { connectionsOfThisProcess } from './open-files.ts'
import { openStore } from './open-store.ts'
import { CA_KEY_TYPES, defaultPublicAddress, type HubStartValues } from './parameters.ts'

/** How long the audit log's last checkpoint and its sink may take. */
const LONGEST_CLOSE = 5 * SECOND

const USUAL_CONNECTIONS = mostConnections(CONNECTION_LIMITS)

/** How long calls under way may still take when the hub is told to stop. */
const GRACE = 10 * SECOND

/**
 * Runs until the invocation's signal is aborted.
 *
 * @param readAgain the values as the files say now
 * @throws StoreError, AuthError, ListenError, CliError
 */
export async function runHub(
  values: HubStartValues,
  invocation: Invocation,
  readAgain: () => Promise<HubStartValues>,
): Promise<void> {
  const log = await openLog(values, invocation)
  const dataDir = await makeDataDirectory(values.dataDir, invocation)
  await using diagnostics = await createDiagnostics(values, invocation, log)
  const metrics = diagnostics?.events
  const broken = Promise.withResolvers<never>()
  // Thrown below, once everything is open.
  broken.promise.catch(() => {})
  const { clock } = invocation
  const opened = await openStore(values, invocation, {
    directory: dataDir,
    onGroup: metrics?.onGroup,
    onFailed: broken.reject,
  })
  const watched = watchStore(opened, clock, metrics?.onCommit, (error) => tellTrouble(log, error))
  const health = new HubHealth(watched)
  const settings = new Settings<HubStartValues>({
    ...{ values, readAgain, live: ['logLevel', 'publicAddr'] },
  })
  try {
    await diagnostics?.serve(health)
    await using service = new Service({ invocation, log, live: () => health.live() })
    using _reload = reloadOnSignal({
      ...{ invocation, log, settings, service },
      onReloaded: (succeeded) => diagnostics?.onReloaded(succeeded),
    })
    const parts = { invocation, log, settings, watched, health, diagnostics, service }
    await serve({ ...parts, broken: broken.promise })
  } finally {
    await opened.close()
  }
  log.info({}, 'stopped')
}

interface Parts {
  readonly invocation: Invocation
  readonly log: Logger
  readonly settings: Settings<HubStartValues>
  readonly service: Service
  readonly watched: WatchedStore
  readonly health: HubHealth
  readonly diagnostics: HubDiagnostics | undefined
  /** Rejects when the store has broken. */
  readonly broken: Promise<never>
}

async function serve(parts: Parts): Promise<void> {
  const { invocation, log, settings, service, watched, health, diagnostics, broken } = parts
  const values = settings.current
  const { clock, random, signal } = invocation
  const { store } = watched
  const authorities = await openAuthorities({
    store,
    clock,
    random,
    sealer: createKeySealer(values.caKeyPassphrase, random),
    sshKeyType: CA_KEY_TYPES[values.caKeyType],
  })
  let { port } = values.listenAddr
  const publicAddress = () =>
    formatAddress(settings.current.publicAddr ?? defaultPublicAddress(port))
  const context = { store, clock, random, authorities, publicAddress }
  const auth = await createAuth(context, {
    audit: auditOptions(values, log),
    onClockStep({ expected, found }) {
      const times = { expected: formatTime(expected), found: formatTime(found) }
      log.warn(times, 'the clock of this machine was set; what the hub issues goes by it')
    },
  })
  const { board } = auth
  const isServing = () => isHealthy(health.ready())
  const onCall = diagnostics?.events.onCall
  const most = connectionsOfThisProcess()
  const server = createHubServer({
    ...{ auth, version, log, isServing, onCall },
    onClosed: diagnostics?.events.onClosed,
    mostConnections: most,
  })
  const stopListening = invocation.on('SIGHUP', () => {
    if (!auth.audit.sink) return
    log.info({}, 'opening the sink of audit events anew, as asked by a signal')
    auth.audit.sink.reopen()
  })
  const background = new AbortController()
  const backgroundEnds = Promise.all([auth.run(background.signal), watched.run(background.signal)])
  // What ends it early is thrown below, once everything is open.
  backgroundEnds.catch(() => {})
  try {
    const bound = await server.listen(values.listenAddr)
    port = bound.port
    await decideAndCommit(() =>
      store.commit({
        changes: [],
        events: [eventByHub(context, 'hub.start', { fields: { version } })],
      }),
    )
    await server.listenLocally(hubSocket(values.dataDir))
    diagnostics?.addState({ auth, server, store: watched })
    health.phase = 'serving'
    const about = { version, cluster: store.clusterId, store: store.description }
    log.info(about, `listening on ${formatAddress(bound)}`)
    if (most !== undefined && most < USUAL_CONNECTIONS) {
      log.warn({ most, usual: USUAL_CONNECTIONS }, 'few files may be open: raise LimitNOFILE')
    }
    service.ready()
    service.say(`serving at ${formatAddress(bound)}`)
    await Promise.race([aborted(signal), backgroundEnds, broken])
    log.info({}, 'stopping')
  } finally {
    health.phase = 'stopping'
    await server.close(GRACE)
    background.abort()
    await backgroundEnds.finally(() => board.close())
    // What was counted until now.
    await auth.refusals.summarise().catch(() => {})
    // No act comes any more. Whoever reads standard output may hang.
    await Promise.race([auth.audit.close(), clock.sleep(LONGEST_CLOSE)])
    stopListening()
  }
}

function tellTrouble(log: Logger, error: unknown): void {
  if (error === undefined) {
    log.info({}, 'the store takes acts again')
    return
  }
  const hint = error instanceof MeziteError ? error.hint : undefined
  log.error(
    { error, ...(hint && { hint }) },
    'the store takes no acts: nothing is issued or changed; tried again until it does',
  )
}

/** Loaded only where somebody wants to look. */
async function createDiagnostics(
  { diagAddr }: HubStartValues,
  invocation: Invocation,
  log: Logger,
): Promise<HubDiagnostics | undefined> {
  if (diagAddr === undefined) return undefined
  const { HubDiagnostics } = await import('./diagnostics.ts')
  return new HubDiagnostics(diagAddr, { program: 'mezhub', invocation, log })
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
