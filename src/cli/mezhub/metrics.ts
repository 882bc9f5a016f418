/** What the hub's diagnostics show. Labels are from closed lists: no names of bots or nodes. */
import type { AuditEvent } from '../../auth/audit-event.ts'
import type { Auth } from '../../auth/auth.ts'
import type { CallListener } from '../../auth/rpc/call.ts'
import type { HubServer } from '../../auth/rpc/server.ts'
import { CLOSINGS, type ClosingListener } from '../../auth/rpc/tls-listener.ts'
import type { CommitListener } from '../../auth/watched-store.ts'
import { SECOND } from '../../base/clock.ts'
import { QUICK, type Registry } from '../../diag/registry.ts'

export interface HubEvents {
  readonly onCall: CallListener
  readonly onClosed: ClosingListener
  readonly onCommit: CommitListener
  readonly onGroup: (acts: number) => void
}

/** What the hub tells of itself as it happens. */
export function addHubEvents(registry: Registry): HubEvents {
  const handled = registry.counter(
    'mezite_hub_rpc_handled_total',
    'Calls that were answered, and streams that have ended, by gRPC code.',
    ['method', 'code'],
  )
  const duration = registry.histogram(
    'mezite_hub_rpc_duration_seconds',
    'How long calls took; streams left out.',
    QUICK,
    ['method'],
  )
  const joins = registry.counter(
    'mezite_hub_joins_total',
    'Joins, by outcome: success, or the reason of the refusal.',
    ['kind', 'outcome'],
  )
  const renewals = registry.counter(
    'mezite_hub_renewals_total',
    'Renewals, by outcome: success, or the reason of the refusal.',
    ['kind', 'outcome'],
  )
  const denied = registry.counter(
    'mezite_hub_denied_calls_total',
    'Calls that their caller may not make.',
  )
  const events = registry.counter(
    'mezite_hub_audit_events_total',
    'Events written to the audit log.',
    ['type', 'outcome'],
  )
  const commits = registry.counter(
    'mezite_hub_store_commits_total',
    'Acts: committed, refused for a condition that no longer held, or failed.',
    ['outcome'],
  )
  const waited = registry.histogram(
    'mezite_hub_store_commit_duration_seconds',
    'How long acts waited for their commit to be durable.',
    QUICK,
  )
  const groups = registry.histogram(
    'mezite_hub_store_group_acts',
    'Acts that shared a transaction.',
    [1, 2, 4, 8, 16, 32, 64, 128],
  )

  const closed = registry.counter(
    'mezite_hub_connections_closed_total',
    'Connections that were closed before their time: no room, to make room, slow handshake, too many bytes.',
    ['reason'],
  )
  const doubleUses = registry.counter(
    'mezite_hub_double_uses_total',
    'Credentials that were used twice, and locked: somebody may hold a copy.',
    ['kind'],
  )

  // Series that stand at zero before the first event, so that the first one is an increase.
  denied.add({}, 0)
  for (const reason of CLOSINGS) closed.add({ reason }, 0)
  for (const outcome of ['committed', 'refused', 'failed']) commits.add({ outcome }, 0)
  for (const kind of ['bot', 'node']) {
    joins.add({ kind, outcome: 'success' }, 0)
    renewals.add({ kind, outcome: 'success' }, 0)
    doubleUses.add({ kind }, 0)
  }

  function tell(event: AuditEvent): void {
    const { type, fields = {} } = event
    events.add({ type, outcome: event.outcome })
    const outcome = event.outcome === 'success' ? 'success' : (fields['reason'] ?? 'refused')
    if (type === 'rpc.denied') denied.add({})
    if (type === 'bot.join') joins.add({ kind: 'bot', outcome })
    if (type === 'node.join') joins.add({ kind: 'node', outcome })
    if (type === 'bot.renew') renewals.add({ kind: 'bot', outcome })
    if (type === 'node.renew') renewals.add({ kind: 'node', outcome })
    if (type === 'lock.create' && fields['presented_generation'] !== undefined) {
      doubleUses.add({ kind: event.instanceId === undefined ? 'node' : 'bot' })
    }
  }

  return {
    onCall({ rpc, code, milliseconds }) {
      const method = shortName(rpc)
      handled.add({ method, code })
      if (milliseconds !== undefined) duration.observe({ method }, milliseconds / SECOND)
    },
    onClosed: (reason) => closed.add({ reason }),
    onCommit({ act, outcome, milliseconds }) {
      commits.add({ outcome })
      waited.observe({}, milliseconds / SECOND)
      if (outcome === 'committed') for (const event of act.events) tell(event)
    },
    onGroup: (acts) => groups.observe({}, acts),
  }
}

/** `mezite.v1.IdentityService/Renew` as `IdentityService/Renew`. */
function shortName(rpc: string): string {
  return rpc.replace(/^mezite\.v1\./, '')
}

/** What a hub is asked for when somebody looks. */
export interface HubState {
  readonly auth: Pick<Auth, 'status' | 'context'>
  readonly server: Pick<HubServer, 'connections' | 'streamsOf' | 'servingCertificateEndsAt'>
  readonly storeFails: () => boolean
}

export function addHubState(registry: Registry, { auth, server, storeFails }: HubState): void {
  const gauge = (name: string, help: string) => registry.gauge(`mezite_hub_${name}`, help)
  const bots = gauge('bots', 'Bots.')
  const instances = gauge('bot_instances', 'Instances of bots.')
  const roles = gauge('roles', 'Roles.')
  const nodes = gauge('nodes', 'Managed nodes.')
  const connected = gauge('nodes_connected', 'Nodes whose agent is connected to this hub.')
  const sessions = gauge('sessions', 'Sessions that are open on nodes.')
  const locks = gauge('locks', 'Locks in force.')
  const connections = gauge('connections', 'Connections from the network.')
  const failing = gauge('store_failing', 'Whether the last commit has failed.')
  const servingEnds = gauge(
    'serving_certificate_expiry_timestamp_seconds',
    "End of the certificate of the hub's server, Unix time.",
  )
  const caEnds = gauge('tls_ca_expiry_timestamp_seconds', 'End of the TLS CA, Unix time.')
  const signed = gauge(
    'audit_signed_timestamp_seconds',
    'When the audit log was signed last, Unix time.',
  )
  const damaged = gauge('audit_damaged', 'Whether the audit log is not as the hub wrote it.')
  const sinkFails = gauge('audit_sink_failing', 'Whether audit events can not be copied.')
  const sinkBehind = gauge('audit_sink_behind_events', 'Audit events still to be copied.')
  const streams = registry.gauge('mezite_hub_streams', 'Streams that are open.', ['kind'])
  registry.onShow(async () => {
    connections.set({}, server.connections)
    for (const kind of ['bot', 'node'] as const) streams.set({ kind }, server.streamsOf(kind))
    failing.set({}, storeFails() ? 1 : 0)
    servingEnds.set({}, server.servingCertificateEndsAt() / SECOND)
    caEnds.set({}, auth.context.authorities.tls.certificate.validity.notAfterMs / SECOND)
    const now = await auth.status()
    bots.set({}, now.bots)
    instances.set({}, now.instances)
    roles.set({}, now.roles)
    nodes.set({}, now.nodes)
    connected.set({}, now.nodesOnline)
    sessions.set({}, now.sessions)
    locks.set({}, now.locks)
    const { audit } = now
    if (audit.signed) signed.set({}, audit.signed.time / SECOND)
    damaged.set({}, audit.damage === undefined ? 0 : 1)
    if (audit.sink) {
      sinkFails.set({}, audit.sink.problem === undefined ? 0 : 1)
      sinkBehind.set({}, audit.sink.behind)
    }
  })
}
